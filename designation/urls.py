"""The pages of requests, rosters, agents, look-ups, notices and help."""

from django.urls import path

from designation.views import acts, agents, bulk, comments, filing, jobs, lists, lookup, notices, requests, rosters
from designation.views import help as help_pages

app_name = "designation"

urlpatterns = [
    path("requests/", requests.request_list, name="request_list"),
    path("requests/new/", filing.request_create, name="request_create"),
    path("requests/new/details/", filing.request_details, name="request_details"),
    path("requests/new/begun/", filing.request_begun, name="request_begun"),
    path("requests/export/", lists.request_export, name="request_export"),
    path("requests/selected/", bulk.bulk_preview, name="bulk_preview"),
    path("requests/selected/results/<slug:key>/", bulk.bulk_result, name="bulk_result"),
    path("requests/selected/<slug:name>/", bulk.bulk_act, name="bulk_act"),
    path("requests/<slug:number>/", requests.request_detail, name="request_detail"),
    path("requests/<slug:number>/edit/", filing.request_edit, name="request_edit"),
    path("requests/<slug:number>/check/", filing.request_check, name="request_check"),
    path("requests/<slug:number>/submitted/", filing.request_submitted, name="request_submitted"),
    path("requests/<slug:number>/answer/", filing.request_answer, name="request_answer"),
    path("requests/<slug:number>/comment/", comments.request_comment, name="request_comment"),
    path("requests/files/<int:pk>/", comments.request_file, name="request_file"),
    path("requests/files/<int:pk>/withdraw/", comments.file_withdraw, name="file_withdraw"),
    path("requests/<slug:number>/acts/<slug:name>/", acts.request_act, name="request_act"),
    path("rosters/", rosters.roster_upload, name="roster_upload"),
    path("rosters/<int:pk>/", rosters.roster, name="roster"),
    path("rosters/<int:pk>/sheet/", rosters.roster_sheet, name="roster_sheet"),
    path("rosters/<int:pk>/columns/", rosters.roster_columns, name="roster_columns"),
    path("rosters/<int:pk>/file/", rosters.roster_file, name="roster_file"),
    path("rosters/<int:pk>/not-filed.csv", rosters.roster_rejected, name="roster_rejected"),
    path("agents/", agents.agent_list, name="agent_list"),
    path("agents/new/", agents.agent_add, name="agent_add"),
    path("agents/<int:pk>/", agents.agent_detail, name="agent_detail"),
    path("agents/<int:pk>/edit/", agents.agent_edit, name="agent_edit"),
    path("agents/<int:pk>/active/", agents.agent_active, name="agent_active"),
    path("lists/<slug:name>/columns/", lists.list_columns, name="list_columns"),
    path("lists/<slug:name>/keep/", lists.view_keep, name="view_keep"),
    path("views/", lists.view_list, name="view_list"),
    path("views/<int:pk>/", lists.view_change, name="view_change"),
    path("views/<int:pk>/delete/", lists.view_delete, name="view_delete"),
    path("lookup/", lookup.look_up_one, name="look_up"),
    path("lookup/several/", lookup.look_up_several, name="look_up_several"),
    path("lookup/several.csv", lookup.look_up_csv, name="look_up_csv"),
    path("designations/<slug:number>/acts/<slug:name>/", acts.designation_act, name="designation_act"),
    path("notices/", notices.notice_list, name="notice_list"),
    path("notices/settings/", notices.notice_settings, name="notice_settings"),
    path("notices/read/", notices.notices_read, name="notices_read"),
    path("notices/<int:pk>/read/", notices.notice_read, name="notice_read"),
    path("jobs/", jobs.job_list, name="job_list"),
    path("jobs/<uuid:key>/", jobs.job_page, name="job"),
    path("jobs/<uuid:key>/cancel/", jobs.job_cancel, name="job_cancel"),
    path("jobs/<uuid:key>/refused.csv", jobs.job_refused, name="job_refused"),
    path("help/", help_pages.help_home, name="help"),
    path("help/glossary/", help_pages.help_glossary, name="help_glossary"),
    path("help/<slug:role>/", help_pages.help_guide, name="help_guide"),
]
