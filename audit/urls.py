from django.urls import path

from audit import views

app_name = "audit"
urlpatterns = [
    path("processing-times/", views.processing_times, name="processing_times"),
    path("processing-times.csv", views.processing_times_csv, name="processing_times_csv"),
    path("data-dictionary/", views.data_dictionary, name="data_dictionary"),
]
