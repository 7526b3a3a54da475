from django.urls import path

from audit import export_views, views, views_reports

app_name = "audit"
urlpatterns = [
    path("", views_reports.timeliness, name="timeliness"),
    path("returns/", views_reports.returns, name="returns"),
    path("process-map/", views_reports.process_map, name="process_map"),
    path("requests/", views_reports.behind, name="behind"),
    path("requests/<path:subject>/", views_reports.trail_page, name="trail"),
    path("pictures/<slug:name>.svg", views_reports.picture, name="picture"),
    path("tables/<slug:name>.csv", views_reports.table_csv, name="table_csv"),
    path("files/<slug:name>.<slug:format>", views_reports.file, name="report_file"),
    path("processing-times/", views.processing_times, name="processing_times"),
    path("processing-times.csv", views.processing_times_csv, name="processing_times_csv"),
    path("data-dictionary/", views.data_dictionary, name="data_dictionary"),
    path("exports/", export_views.export_list, name="export_list"),
    path("exports/schedules/", export_views.schedule_list, name="schedule_list"),
    path("exports/<uuid:key>/", export_views.export_detail, name="export_detail"),
    path("exports/<uuid:key>/file/", export_views.export_download, name="export_download"),
    path("exports/<uuid:key>/manifest/", export_views.export_manifest, name="export_manifest"),
]
