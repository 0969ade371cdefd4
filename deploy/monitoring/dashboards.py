#!/usr/bin/env python3
"""Writes the Grafana dashboards of dashboards/: dashboards.py [FOLDER].

Each dashboard is a list of panels: title, unit, kind, and queries with their legends. The variables `namespace` and
`job` choose processes; lag, outbox and parked records are the same in every process of a service, so that their
queries take the maximum.
"""
import json
import pathlib
import sys

AT = 'namespace=~"$namespace",job=~"$job"'
RATE = "[$__rate_interval]"


def rate(metric, matchers=""):
    return f"rate({metric}{{{AT}{',' + matchers if matchers else ''}}}{RATE})"


def top(metric, by, matchers=""):
    return f"max by ({by}) ({metric}{{{AT}{',' + matchers if matchers else ''}}})"


def quantile(share, metric, by):
    return f"histogram_quantile({share}, sum by (le, {by}) ({rate(metric + '_bucket')}))"


# name: (title, [(panel title, unit, kind, [(query, legend)])])
DASHBOARDS = {
    "service": ("FinalMile: service", [
        ("Calls by method", "reqps", "timeseries",
         [(f"sum by (grpc_method) ({rate('grpc_server_handled_total')})", "{{grpc_method}}")]),
        ("Errors by code", "reqps", "timeseries",
         [(f"""sum by (grpc_code) ({rate('grpc_server_handled_total', 'grpc_code!="OK"')})""", "{{grpc_code}}")]),
        ("Half of the calls take at most", "s", "timeseries",
         [(quantile(0.5, "grpc_server_handling_seconds", "grpc_method"), "{{grpc_method}}")]),
        ("99 of 100 calls take at most", "s", "timeseries",
         [(quantile(0.99, "grpc_server_handling_seconds", "grpc_method"), "{{grpc_method}}")]),
        ("Calls under way", "short", "timeseries",
         [(f"sum by (job) (grpc_server_started_total{{{AT}}}) - sum by (job) (grpc_server_handled_total{{{AT}}})", "{{job}}")]),
        ("Admission: inside and limit", "short", "timeseries",
         [(f"sum by (job) (finalmile_admission_inside{{{AT}}})", "{{job}} inside"),
          (f"sum by (job) (finalmile_admission_limit{{{AT}}})", "{{job}} limit")]),
        ("Refused, by reason", "reqps", "timeseries",
         [(f"sum by (reason) ({rate('finalmile_calls_refused_total')})", "{{reason}}")]),
        ("Versions", "short", "stat",
         [(f"count by (job, version) (finalmile_build_info{{{AT}}})", "{{job}} {{version}}")]),
    ]),
    "events": ("FinalMile: events", [
        ("Event log reached", "bool_yes_no", "state-timeline",
         [(f"min by (job) (finalmile_events_up{{{AT}}})", "{{job}}")]),
        ("Leaders", "short", "state-timeline",
         [(f"sum by (task) (finalmile_leader{{{AT}}})", "{{task}}")]),
        ("Events in the outbox", "short", "timeseries",
         [(top("finalmile_outbox_depth", "service"), "{{service}}")]),
        ("Age of the next event to be sent", "s", "timeseries",
         [(top("finalmile_outbox_oldest_age_seconds", "service"), "{{service}}")]),
        ("Records not consumed yet", "short", "timeseries",
         [(top("finalmile_consumer_lag", "consumer, topic"), "{{consumer}} {{topic}}")]),
        ("Age of the next record to be consumed", "s", "timeseries",
         [(top("finalmile_consumer_oldest_age_seconds", "consumer"), "{{consumer}}")]),
        ("Records consumed", "cps", "timeseries",
         [(f"sum by (consumer) ({rate('finalmile_consumer_records_total')})", "{{consumer}}")]),
        ("Stands still, is held", "s", "timeseries",
         [(top("finalmile_consumer_stalled_seconds", "consumer"), "{{consumer}} stalled"),
          (top("finalmile_consumer_held_seconds", "consumer"), "{{consumer}} held")]),
        ("Parked records", "short", "timeseries",
         [(top("finalmile_parked_depth", "service, state"), "{{service}} {{state}}")]),
        ("Age of the oldest parked record", "s", "timeseries",
         [(top("finalmile_parked_oldest_age_seconds", "service"), "{{service}}")]),
        ("Duplicates dropped, batches fenced", "cps", "timeseries",
         [(f"sum by (consumer) ({rate('finalmile_consumer_duplicates_total')})", "{{consumer}} duplicates"),
          (f"sum by (consumer) ({rate('finalmile_consumer_fenced_batches_total')})", "{{consumer}} fenced")]),
        ("Rebalances", "cps", "timeseries",
         [(f"sum by (consumer) ({rate('finalmile_kafka_rebalances_total')})", "{{consumer}}")]),
    ]),
    "cache": ("FinalMile: cache", [
        ("Answers by where they came from", "reqps", "timeseries",
         [(f"sum by (cache, source) ({rate('finalmile_cache_answers_total')})", "{{cache}} {{source}}")]),
        ("Share answered without the store", "percentunit", "timeseries",
         [(f"""1 - sum by (cache) ({rate('finalmile_cache_answers_total', 'source="store"')}) / sum by (cache) ({rate('finalmile_cache_answers_total')})""", "{{cache}}")]),
        ("Reached, and hears of invalidations", "bool_yes_no", "state-timeline",
         [(f"min by (cache) (finalmile_cache_reached{{{AT}}})", "{{cache}} reached"),
          (f"min by (cache) (finalmile_cache_feed_connected{{{AT}}})", "{{cache}} feed")]),
        ("Bytes", "bytes", "timeseries",
         [(f"sum by (cache) (finalmile_cache_bytes{{{AT}}})", "{{cache}}")]),
        ("Evicted, not admitted", "cps", "timeseries",
         [(f"sum by (cache) ({rate('finalmile_cache_evicted_total')})", "{{cache}} evicted"),
          (f"sum by (cache) ({rate('finalmile_cache_not_admitted_total')})", "{{cache}} not admitted")]),
        ("Invalidations, fills refused", "cps", "timeseries",
         [(f"sum by (cache) ({rate('finalmile_cache_invalidations_total')})", "{{cache}} invalidations"),
          (f"sum by (cache) ({rate('finalmile_cache_fills_refused_total')})", "{{cache}} fills refused")]),
        ("Failures, reads refused to spare the store", "cps", "timeseries",
         [(f"sum by (cache) ({rate('finalmile_cache_failures_total')})", "{{cache}} failures"),
          (f"sum by (cache) ({rate('finalmile_cache_store_refused_total')})", "{{cache}} refused")]),
    ]),
    "process": ("FinalMile: process", [
        ("Resident memory", "bytes", "timeseries",
         [(f"process_resident_memory_bytes{{{AT}}}", "{{job}} {{instance}}")]),
        ("Processors used", "short", "timeseries",
         [(rate("process_cpu_seconds_total"), "{{job}} {{instance}}")]),
        ("Threads", "short", "timeseries",
         [(f"process_threads{{{AT}}}", "{{job}} {{instance}}")]),
        ("Open files, share of the limit", "percentunit", "timeseries",
         [(f"process_open_fds{{{AT}}} / process_max_fds{{{AT}}}", "{{job}} {{instance}}")]),
        ("Store reached", "bool_yes_no", "state-timeline",
         [(f"min by (service) (finalmile_store_up{{{AT}}})", "{{service}}")]),
        ("Connections to the store", "short", "timeseries",
         [(f"sum by (service, state) (finalmile_pool_connections{{{AT}}})", "{{service}} {{state}}"),
          (f"sum by (service) (finalmile_pool_connections_max{{{AT}}})", "{{service}} at most")]),
        ("99 of 100 transactions wait for a connection at most", "s", "timeseries",
         [(quantile(0.99, "finalmile_pool_wait_seconds", "service"), "{{service}}")]),
        ("99 of 100 runs of a step take at most", "s", "timeseries",
         [(quantile(0.99, "finalmile_step_seconds", "step"), "{{step}}")]),
        ("Runs of steps that failed", "cps", "timeseries",
         [(f"sum by (step) ({rate('finalmile_step_failures_total')})", "{{step}}")]),
        ("Version of the schema", "short", "stat",
         [(f"max by (namespace, component) (finalmile_schema_version{{{AT}}})", "{{component}}")]),
    ]),
}

SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def variable(name, metric, label):
    return {"name": name, "label": name, "type": "query", "datasource": SOURCE, "refresh": 2, "multi": True,
            "includeAll": True, "allValue": ".*", "current": {"text": "All", "value": "$__all"},
            "query": {"query": f"label_values({metric}, {label})", "refId": name}, "sort": 1}


def panel(number, title, unit, kind, queries):
    return {"id": number + 1, "title": title, "type": kind, "datasource": SOURCE,
            "gridPos": {"h": 8, "w": 12, "x": 12 * (number % 2), "y": 8 * (number // 2)},
            "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
            "targets": [{"refId": chr(ord("A") + i), "datasource": SOURCE, "expr": expr, "legendFormat": legend}
                        for i, (expr, legend) in enumerate(queries)]}


def dashboard(name, title, panels):
    return {"uid": f"finalmile-{name}", "title": title, "tags": ["finalmile"], "schemaVersion": 38, "version": 1,
            "editable": True, "timezone": "browser", "refresh": "30s", "time": {"from": "now-3h", "to": "now"},
            "templating": {"list": [
                {"name": "datasource", "label": "data source", "type": "datasource", "query": "prometheus"},
                variable("namespace", "finalmile_build_info", "namespace"),
                variable("job", 'finalmile_build_info{namespace=~"$namespace"}', "job")]},
            "panels": [panel(number, *content) for number, content in enumerate(panels)]}


def files():
    """The text of each file, by its name."""
    return {f"{name}.json": json.dumps(dashboard(name, *content), indent=1, ensure_ascii=False) + "\n"
            for name, content in DASHBOARDS.items()}


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "dashboards")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")
