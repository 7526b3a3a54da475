"""The addresses of training, each part's beside its views."""

from training.views import completions, disputes, modules, sections, tracking, versions

app_name = "training"
urlpatterns = [
    *modules.urlpatterns,
    *versions.urlpatterns,
    *sections.urlpatterns,
    *disputes.urlpatterns,
    *completions.urlpatterns,
    *tracking.urlpatterns,
]
