from django.apps import AppConfig


class DesignationConfig(AppConfig):
    name = "designation"
    verbose_name = "Requests, people and offices"
