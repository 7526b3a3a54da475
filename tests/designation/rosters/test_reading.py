"""Files become sheets of rows of text, with the row numbers that the spreadsheet shows."""

from __future__ import annotations

import datetime
import io
import zipfile
from contextlib import suppress

import pytest
import xlsxwriter
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from designation.rosters.headers import MAX_AGENTS, MAX_BYTES, MAX_ROWS, ROSTER
from designation.sheets.files import UnusableFile, Workbook
from designation.sheets.reading import read as read_as
from tests.designation.rosters.files import DATA, HEADER, csv_file, ods_file, xlsx_file, xlsx_sheet


def read(content: bytes, filename: str) -> Workbook:
    return read_as(content, filename, ROSTER)


DELIMITERS = [",", ";", "\t", "|"]


def table(workbook: Workbook) -> list[list[str]]:
    return [list(row.cells) for row in workbook.sheets[0].rows]


def numbers(workbook: Workbook) -> list[int]:
    return [row.number for row in workbook.sheets[0].rows]


def refusal(content: bytes, filename: str = "roster.xlsx") -> str:
    with pytest.raises(UnusableFile) as caught:
        read(content, filename)
    return str(caught.value)


def as_read(rows: list[list[str]]) -> list[list[str]]:
    """Cells stripped, empty ones at the end and blank rows left out."""
    stripped = [[cell.strip() for cell in row] for row in rows]
    for row in stripped:
        while row and not row[-1]:
            row.pop()
    return [row for row in stripped if row]


CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\r\t"), max_size=12)
TABLES = st.lists(st.lists(CELLS, min_size=4, max_size=4), max_size=6)


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@given(rows=TABLES)
@settings(max_examples=40, deadline=None)
def test_any_table_is_read_back_from_delimited_text(rows: list[list[str]], delimiter: str, encoding: str):
    written = [HEADER, *rows]

    found = read(csv_file(written, delimiter=delimiter, encoding=encoding), "roster.csv")

    assert table(found) == as_read(written)


@pytest.mark.parametrize("delimiter", DELIMITERS)
@given(rows=st.lists(st.lists(st.text("aZé\u2019ñ\u2013ÿ,;|\t'\"\n0 "), min_size=4, max_size=4), max_size=6))
@settings(max_examples=40, deadline=None)
def test_any_windows_1252_table_is_read_back(rows: list[list[str]], delimiter: str):
    content = csv_file([HEADER, *rows], delimiter=delimiter, encoding="cp1252")
    try:
        assume(content.decode("utf-8") is None)  # bytes that are also UTF-8 are read as that
    except UnicodeDecodeError:
        assert table(read(content, "roster.csv")) == as_read([HEADER, *rows])


@given(
    rows=st.lists(
        st.lists(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=12), min_size=1, max_size=5),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=30, deadline=None)
def test_any_text_table_is_read_back_from_a_workbook(rows: list[list[str]]):
    assume(any(as_read(rows)))
    content = xlsx_sheet(
        lambda sheet, _: [
            sheet.write_string(number, column, cell)
            for number, row in enumerate(rows)
            for column, cell in enumerate(row)
        ]
    )

    assert table(read(content, "roster.xlsx")) == as_read(rows)


@given(content=st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_no_bytes_cause_anything_but_a_refusal(content: bytes):
    with suppress(UnusableFile):
        read(content, "roster.csv")


@given(
    damage=st.lists(st.tuples(st.integers(min_value=4), st.integers(0, 255)), min_size=1, max_size=12),
    kind=st.sampled_from(["xlsx", "xls", "ods"]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_damaged_workbook_causes_anything_but_a_refusal(damage: list[tuple[int, int]], kind: str):
    content = bytearray(
        {
            "xlsx": xlsx_file(Roster=[HEADER]),
            "xls": (DATA / "excel97.xls").read_bytes(),
            "ods": ods_file([HEADER]),
        }[kind]
    )
    for place, byte in damage:
        content[place % len(content)] = byte

    with suppress(UnusableFile):
        read(bytes(content), f"roster.{kind}")


def test_numbers_dates_and_truth_are_text_as_a_person_would_type_them():
    def fill(sheet, workbook):
        day = workbook.add_format({"num_format": "m/d/yyyy"})
        moment = workbook.add_format({"num_format": "m/d/yyyy h:mm"})
        sheet.write_row(0, 0, [12345.0, "00123", 0.5, True])
        sheet.write_datetime(0, 4, datetime.datetime(2024, 5, 3), day)
        sheet.write_datetime(0, 5, datetime.datetime(2024, 5, 3, 14, 30), moment)
        sheet.write_formula(0, 6, '="Smi"&"th"', None, "Smith")

    found = read(xlsx_sheet(fill), "roster.xlsx")

    assert table(found) == [["12345", "00123", "0.5", "TRUE", "2024-05-03", "2024-05-03 14:30", "Smith"]]


def test_numbers_are_read_with_the_leading_zeros_that_their_format_shows():
    formats = ["00000", "[$-409]00000;@", '"0"0000', "\\H00000_)", "0.00", "#,##0"]

    def fill(sheet, workbook):
        for column, code in enumerate(formats):
            sheet.write_number(2, column + 1, 5001, workbook.add_format({"num_format": code}))
        sheet.write_string(3, 1, "05002")
        sheet.write_number(3, 2, 2.5, workbook.add_format({"num_format": "00000"}))
        sheet.write_boolean(3, 3, True, workbook.add_format({"num_format": "00000"}))

    found = read(xlsx_sheet(fill), "roster.xlsx")

    assert table(found) == [["05001", "05001", "05001", "H05001", "5001", "5001"], ["05002", "2.5", "TRUE"]]


def test_the_largest_roster_with_padded_numbers_is_read_in_seconds():
    def fill(sheet, workbook):
        padded = workbook.add_format({"num_format": "00000"})
        for number in range(MAX_AGENTS):
            sheet.write_number(number, 0, number, padded)
            sheet.write_row(number, 1, ["Smith", "John", "js@example.gov", "Initial", "No", "Port cases."])

    rows = table(read(xlsx_sheet(fill), "roster.xlsx"))

    assert (rows[7][0], rows[-1][0]) == ("00007", "19999")


def test_a_formula_gives_its_last_result_and_is_never_run():
    content = xlsx_sheet(lambda sheet, _: sheet.write_formula(0, 0, "=1+1", None, 7))

    assert table(read(content, "roster.xlsx")) == [["7"]]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_blank_rows_are_left_out_and_the_numbers_stay(kind: str):
    rows: list[list[str]] = [["Title"], [], HEADER, [" "], ["", ""], ["00123"]]
    content = csv_file(rows) if kind == "csv" else xlsx_file(Roster=rows)

    assert numbers(read(content, f"roster.{kind}")) == [1, 3, 6]


def test_a_cell_with_line_breaks_is_one_row():
    found = read(csv_file([["a", "one\ntwo\r\nthree"], ["b", "x"]]), "roster.csv")

    assert numbers(found) == [1, 2]


def test_line_ends_of_old_macs_are_understood():
    assert numbers(read(b"Badge,Last Name\r123,Smith\r", "roster.csv")) == [1, 2]


def test_excels_separator_line_is_obeyed_and_not_counted():
    found = read(b"sep=;\r\nBadge;Last, First\r\n123;Smith, John\r\n", "roster.csv")

    assert table(found) == [["Badge", "Last, First"], ["123", "Smith, John"]]
    assert numbers(found) == [1, 2]


def test_commas_in_titles_and_names_do_not_hide_the_true_delimiter():
    content = b"HSI Miami, Florida, agents, 2024\n\nBadge #;Agent Name;Notes\n123;Smith, John;a, b, c\n"

    assert table(read(content, "roster.csv"))[1:] == [
        ["Badge #", "Agent Name", "Notes"],
        ["123", "Smith, John", "a, b, c"],
    ]


def test_a_list_of_one_column_is_read():
    assert table(read(b"Badge\n123\n456\n", "roster.csv")) == [["Badge"], ["123"], ["456"]]


def test_excel_97_and_opendocument_files_are_read():
    old = read((DATA / "excel97.xls").read_bytes(), "roster.xls")
    assert table(old)[2:] == [["12345", "Rivera, Ana", "2019-03-04"], ["00123", "Stone, Lee"]]
    assert numbers(old) == [1, 3, 4, 5]

    assert table(read(ods_file([HEADER, ["00123", "Stone & Co"]]), "roster.ods")) == [HEADER, ["00123", "Stone & Co"]]


def test_the_content_says_what_a_file_is_not_its_name():
    assert table(read(xlsx_file(Roster=[HEADER]), "roster.csv")) == [HEADER]
    assert table(read(csv_file([HEADER]), "roster.xlsx")) == [HEADER]
    assert table(read(b"PKI no.,Last Name\n1,x\n", "roster.csv"))[1] == ["1", "x"]


def test_hidden_and_empty_sheets_are_not_read():
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as workbook:
        workbook.add_worksheet("Empty")
        workbook.add_worksheet("Roster").write(0, 0, "Badge")
        hidden = workbook.add_worksheet("Old")
        hidden.write(0, 0, "Badge")
        hidden.hide()

    assert [sheet.name for sheet in read(content.getvalue(), "roster.xlsx").sheets] == ["Roster"]


@pytest.mark.parametrize("content", [b"", b" \r\n\t", csv_file([["", " "], []]), xlsx_file(Roster=[])])
def test_an_empty_file_is_refused(content: bytes):
    assert "empty" in refusal(content) or "no filled cells" in refusal(content)


def test_files_that_are_no_rosters_are_refused_with_what_to_do():
    assert "a PDF document" in refusal(b"%PDF-1.7\n...")
    assert "a picture" in refusal(b"\x89PNG\r\n\x1a\n\x00\x00")
    assert "a web page" in refusal(b"<html><table><tr><td>Badge</td></tr></table></html>", "roster.xls")
    assert "of another kind" in refusal(_package({"word/document.xml": b"<w/>"}))
    assert "neither a spreadsheet nor readable text" in refusal(bytes(range(256)))
    assert "damaged" in refusal(xlsx_file(Roster=[HEADER])[:2000])
    assert "damaged" in refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))


def test_a_file_with_a_password_is_refused():
    assert "password" in refusal((DATA / "password.xlsx").read_bytes())


def test_an_open_quotation_mark_is_refused_rather_than_swallowing_the_rows_after_it():
    message = refusal(b'Badge,Last Name\n1,Smith\n2,"Jones\n3,Brown\n4,White\n', "roster.csv")

    assert message.startswith("Row 3 ")


def test_limits_of_size_rows_and_columns():
    assert "larger than 10 MB" in refusal(b"x" * (MAX_BYTES + 1))
    rows = [[str(number)] for number in range(MAX_ROWS + 1)]
    assert "more than 25,000 filled rows" in refusal(csv_file(rows), "roster.csv")
    assert "more than 25,000 filled rows" in refusal(xlsx_file(Roster=rows))
    assert "more than 200 columns" in refusal(csv_file([["x"] * 201]), "roster.csv")
    assert "more than 200 columns" in refusal(xlsx_file(Roster=[["x"] * 201]))
    assert len(read(csv_file(rows[:MAX_ROWS]), "roster.csv").sheets[0].rows) == MAX_ROWS


def test_a_package_that_unpacks_to_too_much_is_refused_unopened():
    assert "grows too large" in refusal(_package({"xl/workbook.xml": b"0" * 160_000_000}))
    assert "grows too large" in refusal(_package({"mimetype": b"spreadsheet" + b"0" * 160_000_000}))


def test_a_package_that_lies_about_its_size_is_stopped():
    content = _package({"xl/workbook.xml": b"<x>" + b" " * 160_000_000})
    true_size = (160_000_003).to_bytes(4, "little")

    assert refusal(content.replace(true_size, (1000).to_bytes(4, "little")))


def test_a_package_whose_first_part_begins_after_its_end_is_damaged():
    content = bytearray(ods_file([HEADER]))
    content[28:30] = b"\xff\xff"  # the length of what stands between the part's head and its bytes

    assert "damaged" in refusal(bytes(content))


def test_a_cell_at_the_far_end_of_the_sheet_does_not_take_the_memory_of_this_process():
    content = xlsx_sheet(lambda sheet, _: [sheet.write(0, 0, "Badge"), sheet.write(1_048_575, 16_383, "x")])

    assert len(content) < 10_000
    assert "grows too large" in refusal(content)


def test_one_long_text_in_very_many_cells_is_stopped():
    content = xlsx_sheet(lambda sheet, _: [sheet.write(row, 0, "x" * 30_000) for row in range(5_000)])

    assert "grows too large" in refusal(content)


def _package(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files.items():
            package.writestr(name, content)
    return packed.getvalue()
