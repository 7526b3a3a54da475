"""The addresses of training, each part's beside its views."""

from training.views import completions, disputes, modules, tracking

app_name = "training"
urlpatterns = [
    *modules.urlpatterns,
    *disputes.urlpatterns,
    *completions.urlpatterns,
    *tracking.urlpatterns,
]
