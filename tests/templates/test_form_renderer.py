"""`{{ form }}` alone gives USWDS markup; the admin's forms keep Django's."""

import re

import pytest
from django import forms
from django.contrib.admin import widgets as admin_widgets
from pytest_django.asserts import assertInHTML, assertNotInHTML

from tests.templates.gallery import EveryField


class Simple(forms.Form):
    badge = forms.CharField(label="Badge number", help_text="With zeros.")
    note = forms.CharField(required=False, widget=forms.TextInput(attrs={"class": "wide"}))

    def clean(self):
        raise forms.ValidationError("The agent has an open request.")


def test_a_field_has_label_hint_and_input_tied_together():
    html = str(Simple())
    assertInHTML('<label class="usa-label" for="id_badge">Badge number</label>', html)
    assertInHTML('<div class="usa-hint" id="id_badge_helptext">With zeros.</div>', html)
    assertInHTML(
        '<input type="text" name="badge" class="usa-input" required aria-describedby="id_badge_helptext"'
        ' id="id_badge">',
        html,
    )


def test_an_optional_field_says_so():
    assertInHTML('<span class="usa-hint">(optional)</span>', str(Simple()), count=1)


def test_classes_of_a_widget_are_kept():
    assertInHTML('<input type="text" name="note" class="usa-input wide" id="id_note">', str(Simple()))


def test_an_error_is_told_beside_its_field_and_described_by_it():
    html = str(Simple({"badge": ""}))
    assert 'class="usa-form-group usa-form-group--error"' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_badge_helptext id_badge_error"' in html
    assertInHTML(
        '<div class="usa-error-message" id="id_badge_error"><p class="t21-error">'
        '<span class="usa-sr-only">Error:</span> This field is required.</p></div>',
        html,
    )


def test_the_error_summary_links_to_fields_and_tells_the_errors_of_the_whole_form():
    html = str(Simple({"badge": ""}))
    assertInHTML('<a class="usa-link" href="#id_badge">Badge number: This field is required.</a>', html)
    assertInHTML("<li>The agent has an open request.</li>", html)
    assert 'tabindex="-1" data-focus' in html


def test_a_form_without_errors_has_no_summary():
    assert "t21-error-summary" not in str(EveryField())


def test_text_of_users_is_escaped():
    class Evil(forms.Form):
        kind = forms.ChoiceField(label="<b>kind</b>", choices=[("a", "<i>a</i>")], widget=forms.RadioSelect)

    html = str(Evil({"kind": "<script>"}))
    assert "<script>" not in html
    assert "<b>" not in html
    assert "<i>" not in html


@pytest.mark.parametrize(
    ("field", "markup"),
    [
        ("kind", 'class="usa-select"'),
        ("justification", 'class="usa-textarea"'),
        ("start", 'type="date" name="start" class="usa-input"'),
        ("roster", 'class="t21-file"'),
        ("certified", '<div class="usa-checkbox"><input type="checkbox"'),
        ("priority", '<div class="usa-radio"><input type="radio"'),
        ("modules", '<div class="usa-checkbox"><input type="checkbox"'),
    ],
)
def test_each_kind_of_field_has_its_class(field, markup):
    assert markup in EveryField()[field].as_field_group()


def test_choices_stand_in_a_fieldset_with_a_legend_and_a_label_each():
    html = EveryField()["priority"].as_field_group()
    assert '<fieldset class="usa-fieldset" aria-describedby="id_priority_helptext">' in html
    assertInHTML('<legend class="usa-label">Priority</legend>', html)
    assertInHTML('<label class="usa-radio__label" for="id_priority_0">Routine</label>', html)


def test_every_id_in_a_form_is_unique_and_every_label_has_its_input():
    html = str(EveryField({}))
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'\bfor="([^"]+)"', html)) <= set(ids)


def test_the_date_of_the_admin_stays_a_text_input_for_its_calendar():
    class AdminDates(forms.Form):
        day = forms.DateField(widget=admin_widgets.AdminDateWidget)
        at = forms.SplitDateTimeField(widget=admin_widgets.AdminSplitDateTime)

    html = f"{AdminDates()['day']}{AdminDates()['at']}"
    assert html.count('type="text"') == 3
    assert html.count("vDateField") == 2
    assertNotInHTML('<input type="date">', html)
    assertInHTML('<label for="id_at_0">Date:</label>', html)


def test_a_hidden_date_is_hidden():
    assert str(forms.SplitHiddenDateTimeWidget().render("at", None)).count('type="hidden"') == 2
