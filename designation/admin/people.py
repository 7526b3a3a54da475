"""Users, offices and agreements, which operators keep; Django's log of changes keeps who changed what."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from audit.role_admin import RoleAdmin
from designation.accounts import password_was_set
from designation.admin.base import FoundByName, user_of
from designation.models import Agency, Agreement, Office, Role, User
from designation.permissions import STAFF_ROLES

admin.site.unregister(Group)

NO_ROLE = "This account has no role: whoever signs in with it finds an empty home page."


class RolesField(forms.TypedMultipleChoiceField):
    """The roles as check boxes."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            choices=Role.choices,
            required=False,
            widget=forms.CheckboxSelectMultiple,
            label="Roles",
            help_text="Without a role the account can sign in and do nothing. Auditor and operator are held alone; "
            "HSI headquarters and DEA headquarters reviewer need the headquarters of the agency as home office.",
            **kwargs,
        )


class NewUserForm(AdminUserCreationForm):
    roles = RolesField()

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "email", "office", "roles"]


class UserForm(UserChangeForm):
    roles = RolesField()


class RoleFilter(admin.SimpleListFilter):
    title = "role"
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Role.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        return queryset.filter(roles__contains=[self.value()]) if self.value() else queryset


@admin.register(User)
class UserAdmin(FoundByName, RoleAdmin, DjangoUserAdmin):
    """Accounts. Roles are all that one may do; nobody changes his own roles, office or standing."""

    readers = (Role.AUDITOR,)
    changers = (Role.OPERATOR,)

    class Media:
        css = {"all": ["title21/admin-review.css"]}

    add_form_template = "admin/designation/user/add_form.html"
    form = UserForm
    add_form = NewUserForm
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        (
            "What the account may do",
            {
                "fields": ["office", "roles", "is_active"],
                "description": "A role of one agency needs a home office of that agency. "
                "Accounts are not deleted, because the record names them: make them inactive.",
            },
        ),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "first_name", "last_name", "email"]}),
        ("What the account may do", {"fields": ["office", "roles"]}),
        (
            "Password",
            {
                "fields": ["usable_password", "password1", "password2"],
                "description": "It serves once: at the first sign-in its owner has to choose another.",
            },
        ),
    ]
    readonly_fields = ["last_login", "date_joined"]
    filter_horizontal = []
    list_display = ["username", "first_name", "last_name", "office", "role_names", "is_active", "last_login"]
    list_filter = [RoleFilter, "is_active"]
    list_select_related = ["office"]
    search_fields = ["username__begins", "first_name__begins", "last_name__begins", "email__begins", "=office__code"]

    @admin.display(description="roles")
    def role_names(self, user: User) -> str:
        return ", ".join(user.role_labels())

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """Separation of duty: somebody else gives and takes an operator's own roles."""
        own = ["office", "role_names", "is_active"] if obj == request.user else []
        return [*self.readonly_fields, *(["username"] if obj else []), *own]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Where the roles are told and not asked, the form does not take them either."""
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj == request.user:
            form.base_fields.pop("roles", None)
        return form

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "office":
            kwargs["queryset"] = Office.objects.active()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change and obj.has_usable_password():
            password_was_set(obj, by=user_of(request))
        if not obj.roles:
            messages.warning(request, NO_ROLE)

    @method_decorator(sensitive_post_parameters())
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Somebody else's password; one's own is changed where everybody changes his own, with the old one."""
        if unquote(id) == str(request.user.pk):
            return redirect("password_change")
        with transaction.atomic():
            before = self.get_object(request, unquote(id))
            response = super().user_change_password(request, id, form_url)
            after = self.get_object(request, unquote(id))
            if before and after and after.password != before.password and after.has_usable_password():
                password_was_set(after, by=user_of(request))
        return response

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """What an account was and what it has become, as “Last name: Reyes → Cole.”"""
        if add or not isinstance(form, UserForm):
            return super().construct_change_message(request, form, formsets, add)
        changes = [f"{form.fields[name].label}: {_was(form, name)} → {_is(form, name)}" for name in form.changed_data]
        return f"{'; '.join(changes)}." if changes else "Nothing changed."

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if not self.has_change_permission(request):
            return [(name, _told(options, hidden="password")) for name, options in fieldsets]
        return [(name, _told(options)) for name, options in fieldsets] if obj == request.user else fieldsets


def _was(form: UserForm, name: str) -> str:
    value = form.initial.get(name)
    return _shown(Office.objects.get(pk=value) if name == "office" and value else value)


def _is(form: UserForm, name: str) -> str:
    return _shown(form.cleaned_data[name])


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(Role(role).label for role in value) or "none"
    return str(value or "none")


def _told(options: Any, hidden: str = "") -> dict[str, Any]:
    """A fieldset whose roles are told in words instead of asked, without the hidden field."""
    fields = [{"roles": "role_names"}.get(name, name) for name in options["fields"] if name != hidden]
    return {**options, "fields": fields}


@admin.register(Office)
class OfficeAdmin(RoleAdmin):
    """Offices and their routing. A new route holds for what is filed from then on."""

    readers = STAFF_ROLES
    changers = (Role.OPERATOR,)
    fields = ["code", "name", "city", "state", "agency", "division", "is_headquarters", "is_active"]
    list_display = ["code", "name", "city", "state", "agency", "division", "is_headquarters", "is_active"]
    list_filter = ["agency", "is_active"]
    list_select_related = ["agency", "division"]
    search_fields = ["code", "name", "city"]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """The record and the exports name offices by their code, so it stays; so does the agency."""
        return ["code", "agency"] if obj is not None else []

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "division":
            kwargs["queryset"] = Office.objects.dea().active()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Agency)
class AgencyAdmin(RoleAdmin):
    readers = STAFF_ROLES
    list_display = ["code", "name"]


@admin.register(Agreement)
class AgreementAdmin(RoleAdmin):
    readers = STAFF_ROLES
    list_display = ["code", "title", "signed", "status", "agent_cap"]
