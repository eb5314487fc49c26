berth_unit(events SOURCES unit/events.c LINKS berth_events)
berth_unit(events_bell SOURCES unit/events_bell.c LINKS berth_events)
# The test decides how many bells there are descriptors for.
target_link_options(unit_events_bell PRIVATE -Wl,--wrap=eventfd)
berth_unit(events_places SOURCES unit/events_places.c LINKS berth_events)
# The test decides when there is no memory.
target_link_options(unit_events_places PRIVATE -Wl,--wrap=malloc)
