berth_unit(release_preview SOURCES unit/release_preview.c LINKS berth_release)
