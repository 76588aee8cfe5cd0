//! Which category of the OWASP Top 10:2025 a weakness belongs to.
//!
//! OWASP lists the weaknesses (CWE) of each category. One that is in no list goes where its nearest ancestor is: 204 below
//! 200, 393 below 703, 348 below 345, 1270 below 284; and what exhausts a resource (770) or mistakes a type (843), which
//! has no listed ancestor, to insecure design.

/// Category and weaknesses, of which only those that a rule may be about are here.
const LISTS: &[(&str, &[u16])] = &[
    (
        "A01:2025",
        &[
            22, 23, 36, 59, 61, 65, 200, 201, 203, 204, 212, 219, 276, 281, 282, 283, 284, 285, 352, 359, 377, 379,
            402, 424, 425, 441, 497, 538, 540, 548, 552, 566, 601, 615, 639, 668, 732, 749, 862, 863, 918, 922, 1270,
            1275,
        ],
    ),
    ("A02:2025", &[5, 11, 13, 15, 16, 260, 315, 489, 526, 547, 611, 614, 776, 942, 1004, 1174, 1188]),
    ("A03:2025", &[447, 1035, 1104, 1329, 1357, 1395]),
    (
        "A04:2025",
        &[
            261, 296, 319, 320, 321, 322, 323, 324, 325, 326, 327, 328, 329, 330, 331, 334, 335, 338, 340, 347, 523,
            757, 759, 760, 780, 916, 1240, 1241,
        ],
    ),
    (
        "A05:2025",
        &[
            20, 74, 76, 77, 78, 79, 80, 83, 86, 88, 89, 90, 91, 93, 94, 95, 96, 97, 98, 99, 112, 113, 114, 115, 116,
            129, 159, 470, 493, 564, 610, 643, 644, 917, 1286,
        ],
    ),
    (
        "A06:2025",
        &[
            73, 183, 185, 256, 266, 269, 286, 311, 312, 313, 316, 362, 382, 400, 405, 407, 419, 434, 436, 444, 451,
            454, 472, 501, 522, 525, 539, 598, 602, 642, 646, 653, 656, 657, 676, 693, 770, 799, 807, 841, 843, 1021,
            1022, 1088, 1125, 1333,
        ],
    ),
    (
        "A07:2025",
        &[
            258, 259, 287, 288, 289, 290, 291, 293, 294, 295, 297, 298, 299, 300, 302, 303, 304, 305, 306, 307, 308,
            309, 346, 350, 384, 521, 613, 620, 640, 645, 798, 940, 941, 1385, 1390, 1391, 1392, 1393,
        ],
    ),
    ("A08:2025", &[345, 348, 353, 426, 427, 494, 502, 506, 509, 565, 784, 829, 830, 915, 926]),
    ("A09:2025", &[117, 221, 223, 532, 778]),
    (
        "A10:2025",
        &[
            209, 210, 215, 234, 235, 248, 252, 274, 280, 369, 390, 391, 392, 393, 394, 396, 397, 460, 476, 478, 484,
            550, 636, 703, 754, 755, 756,
        ],
    ),
];

/// The category, such as `A01:2025`; empty for a weakness that no list above has, which a test of the rules refuses.
pub(crate) fn category(cwe: u16) -> &'static str {
    let list = LISTS.iter().find(|(_, list)| list.contains(&cwe));
    list.map_or("", |(category, _)| category)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_weakness_has_two_categories() {
        let all: Vec<u16> = LISTS.iter().flat_map(|(_, list)| list.iter().copied()).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert_eq!((category(352), category(209), category(9)), ("A01:2025", "A10:2025", ""));
    }

    #[test]
    fn every_rule_has_a_category() {
        let missing: Vec<_> = crate::rules().into_iter().filter(|rule| rule.owasp.is_empty()).collect();
        let missing: Vec<_> = missing.iter().map(|rule| (rule.info.id, rule.info.cwe)).collect();
        assert!(missing.is_empty(), "add the weakness to its category: {missing:?}");
    }
}
