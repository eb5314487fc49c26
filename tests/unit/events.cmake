berth_unit(events SOURCES unit/events.c LINKS berth_events)
