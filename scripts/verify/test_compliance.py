"""A row holds only when all that it names passed: `python3 -m unittest discover scripts/verify`."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from compliance import PAGE, filled, status

RULES = [
    {"id": "A1-X", "finding": "A1-X", "status": "pass"},
    {"id": "A1-X.more", "finding": "A1-X", "status": "not_applicable"},
    {"id": "A1-Y", "finding": "A1-Y", "status": "unknown"},
    {"id": "A1-Z", "finding": "A1-Z", "status": "fail"},
]


class Compliance(unittest.TestCase):
    def test_a_finding_stands_for_all_of_its_rules(self):
        self.assertEqual(status(["A1-X"], RULES), "holds (1 of 2 tried)")

    def test_nothing_holds_by_accident(self):
        self.assertEqual(status(["A1-X", "A1-Y"], RULES), "unknown: A1-Y")
        self.assertEqual(status(["A1-X", "A9-9"], RULES), "unknown: A9-9")
        self.assertEqual(status(["A1-Y", "A1-Z"], RULES), "fails: A1-Z")
        self.assertEqual(status(["A1-X.more"], RULES), "unknown: nothing here that it is about")

    def test_only_the_last_column_is_written(self):
        page = PAGE.read_text(encoding="utf-8")
        before, after = page.split("\n"), filled(page, []).split("\n")
        rows = [line for line in after if line.endswith("not run |") or " unknown: " in line]
        self.assertGreater(len(rows), 30)
        self.assertEqual([line.rsplit(" | ", 1)[0] for line in before], [line.rsplit(" | ", 1)[0] for line in after])


if __name__ == "__main__":
    unittest.main()
