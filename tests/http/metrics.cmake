# What a server is watched by: its numbers, the files for Prometheus and Grafana, and traces. promtool
# (out of Debian's package prometheus, fetched by scripts/test) looks at them too, where it is.
add_test(NAME http_metrics COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_LIST_DIR}/site/test_metrics.py)
set_tests_properties(http_metrics PROPERTIES
    LABELS http TIMEOUT 300
    ENVIRONMENT "BERTH_BIN=$<TARGET_FILE:berth>;BERTH_SOURCE=${PROJECT_SOURCE_DIR}")
