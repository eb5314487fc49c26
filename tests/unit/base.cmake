foreach(unit error buffer json digest semver range name clock log coding settings)
    berth_unit(base_${unit} SOURCES unit/base_${unit}.c LINKS berth_base)
endforeach()
