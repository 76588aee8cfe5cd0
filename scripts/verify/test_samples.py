"""The measure must see what it is there to see: `python3 -m unittest discover scripts/verify`."""

import random
import unittest

from enumeration import outline_of
from samples import alike, auc, gap


def times(seed, middle, width, count=2000):
    chance = random.Random(seed)
    return [chance.gauss(middle, width) for _ in range(count)]


class Samples(unittest.TestCase):
    def test_auc_is_the_share_of_pairs_in_order(self):
        first, second = [1.0, 2.0, 2.0, 5.0], [2.0, 3.0, 4.0]
        pairs = [1.0 if a < b else 0.5 if a == b else 0.0 for a in first for b in second]
        self.assertAlmostEqual(auc(first, second), sum(pairs) / len(pairs))
        self.assertAlmostEqual(auc(second, first), 1 - auc(first, second))
        self.assertEqual(auc([1.0], [2.0]), 1.0)
        self.assertEqual(auc([3.0, 3.0], [3.0]), 0.5)

    def test_the_same_work_is_alike(self):
        self.assertTrue(alike(times(1, 120, 8), times(2, 120, 8)))

    def test_a_small_but_steady_difference_is_seen(self):
        # A fifth of a millisecond is far below the limit of the medians; every second guess is right all the same.
        first, second = times(3, 1.0, 0.1), times(4, 1.2, 0.1)
        self.assertLess(abs(gap(first, second)), 5)
        self.assertFalse(alike(first, second))
        self.assertFalse(alike(second, first))

    def test_a_difference_of_the_medians_is_seen_where_the_times_scatter(self):
        first, second = times(5, 100, 80), times(6, 108, 80)
        self.assertTrue(0.45 <= auc(first, second) <= 0.55)
        self.assertFalse(alike(first, second))


class Outlines(unittest.TestCase):
    HEAD = b"HTTP/1.1 401 Unauthorized\r\nx-request-id: %s\r\ndate: %s\r\ncontent-length: %d\r\n\r\n"

    def answer(self, request_id, detail, date=b"today"):
        body = b'{"detail":"%s","correlation_id":"%s"}' % (detail, request_id)
        return self.HEAD % (request_id, date, len(body)), body

    def test_ids_and_the_hour_tell_nothing(self):
        one = outline_of(*self.answer(b"0" * 36, b"wrong"))
        self.assertEqual(one, outline_of(*self.answer(b"1" * 36, b"wrong", b"tomorrow")))

    def test_a_word_a_length_and_a_header_tell(self):
        head, body = self.answer(b"0" * 36, b"wrong")
        one = outline_of(head, body)
        self.assertNotEqual(one, outline_of(*self.answer(b"0" * 36, b"wrung")))
        self.assertNotEqual(one, outline_of(*self.answer(b"0" * 36, b"wrong one")))
        self.assertNotEqual(one, outline_of(head.replace(b"x-request-id", b"X-Request-Id"), body))
        self.assertNotEqual(one, outline_of(head.replace(b"\r\n\r\n", b"\r\nretry-after: 1\r\n\r\n"), body))


if __name__ == "__main__":
    unittest.main()
