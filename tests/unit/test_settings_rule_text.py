"""Rules as they are written, and what is said of those that are written wrongly."""

import pytest

from livesegment import OptionsError, Rule
from livesegment.settings.rule import with_outages
from livesegment.settings.rule_text import parse_rule


def test_a_rule_with_everything() -> None:
    text = (
        "traffic light > 5% for 2s in 0.1,0.1 0.9,0.1 0.9,0.9 0.1,0.9"
        " hysteresis 1.5% cooldown 30s named door"
    )
    assert parse_rule(text) == Rule(
        name="door",
        class_name="traffic light",
        above=0.05,
        for_s=2.0,
        zone=((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)),
        hysteresis=0.015,
        cooldown_s=30.0,
    )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("person>5%", Rule("person above 5%", class_name="person", above=0.05)),
        ("person < 0.5 %", Rule("person below 0.5%", class_name="person", below=0.005)),
        ("head count > 5%", Rule("head count above 5%", class_name="head count", above=0.05)),
        (
            "person count > 3",
            Rule("person count above 3", "count", class_name="person", count_above=3),
        ),
        (
            "'traffic light' count<2 smallest 1% hysteresis 1 in 0,0 1,0 1,1 for 2s named x",
            Rule(
                "x",
                class_name="traffic light",
                count_below=2,
                count_hysteresis=1,
                smallest=0.01,
                zone=((0, 0), (1, 0), (1, 1)),
                for_s=2.0,
            ),
        ),
        ("camera lost", Rule("camera", "camera")),
        ("endpoint  failing for 1min", Rule("endpoint", "endpoint", for_s=60.0)),
        (
            "camera lost named 'front door' cooldown 1h for 500ms",
            Rule("front door", "camera", for_s=0.5, cooldown_s=3600.0),
        ),
    ],
)
def test_short_rules_and_those_of_other_subjects(text: str, rule: Rule) -> None:
    assert parse_rule(text) == rule


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("person", "character 1: a rule begins with a class and its share"),
        ("> 5%", "character 1: a rule begins with a class and its share"),
        (" " * 20_000, "character 1: a rule begins with a class and its share"),
        ("person > 5 for 2s", "character 10: a rule takes a share in percent such as 5%, not '5'"),
        ("person > many%", "character 10: a rule takes a share in percent such as 5%, not 'many%'"),
        ("person >", "character 9: a rule takes a share in percent such as 5%, not nothing"),
        ("person count > x", "character 16: a count takes a whole number such as 3, not 'x'"),
        ("person count > 1.5", "character 16: a count takes a whole number such as 3, not '1.5'"),
        ("person count >", "character 15: a count takes a whole number such as 3, not nothing"),
        ("person count > 3 hysteresis 1%", "a hysteresis takes a whole number such as 3, not '1%'"),
        ("person count > 3 hysteresis 4", "the hysteresis is from 0 to 3, or it would never end"),
        ("person count < 0", "a count is from 1 to 10000"),
        ("person count > 3 smallest 100%", "the smallest region is from 0% to under 100%"),
        ("person > 5% smallest 1%", "character 13: 'smallest' is none of for, in, hysteresis"),
        ("person > 5% for 2", "character 17: 'for' takes a time such as 2s, not '2'"),
        ("person > 5% for", "character 16: nothing follows 'for'"),
        ("person > 5% during 2s", "character 13: 'during' is none of for, in, hysteresis"),
        ("person > 5% for 2s for 3s", "character 20: a second 'for'"),
        ("person > 5% in 0,0 1,0", "character 16: 'in' takes at least three corners"),
        ("person > 5% in 0,0 1,0 1", "character 24: a corner is written X,Y in shares"),
        ("camera lost in 0,0 1,0 1,1", "character 13: 'in' is none of for, cooldown or named"),
        ("person > 120%", "a class covers more than 0% to under 100%"),
        ("person < 0%", "a class covers less than above 0% to 100%"),
        ("person > 5% hysteresis 6%", "the hysteresis is from 0% to 5%, or it would never end"),
        ("person > 5% in 1.1,0 1.5,0 1.5,1", "its zone lies outside of the picture"),
        ("person > 5% in -1,0.5 0.5,-1 -1,-1", "its zone lies outside of the picture"),
        ("person > 5% in 1,0.2 1.5,0 1,1", "its zone lies outside of the picture"),
        ("person > 5% in 0.1,0 0.1,0.5 0.1,1", "its zone has no area"),
        ("person > 5% in nan,0 1,0 1,1", "corners are shares of the picture"),
        ("person > 5% for 48h", "'for' is from 0 seconds to a day"),
        ("person > 5% named ---", "its name has a letter or digit"),
    ],
)
def test_a_wrong_rule_is_one_sentence_that_points_at_the_place(text: str, said: str) -> None:
    with pytest.raises(OptionsError) as caught:
        parse_rule(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_camera_and_the_endpoint_are_watched_unasked() -> None:
    door = parse_rule("person > 5% named door")
    assert [rule.name for rule in with_outages([door])] == ["door", "camera", "endpoint"]
    own = parse_rule("camera lost for 60s named gate")
    assert [rule.name for rule in with_outages([own])] == ["gate", "endpoint"]


def test_rules_whose_names_files_cannot_tell_apart_are_refused() -> None:
    rules = [parse_rule("person > 5% named 'the door'"), parse_rule("cat > 5% named The_Door")]
    with pytest.raises(OptionsError, match="'the door' and 'The_Door' need different names"):
        with_outages(rules)
