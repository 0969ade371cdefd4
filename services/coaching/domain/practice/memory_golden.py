#!/usr/bin/env python3
"""Writes memory_golden.txt by py-fsrs, another implementation of the memory model.

  python3 -m venv fsrs && fsrs/bin/pip install fsrs==6.3.2 && fsrs/bin/python memory_golden.py > memory_golden.txt

Each line holds a history of practices as DAY:GRADE, then "=", and the stability and difficulty after the last one.
Learning and relearning steps and fuzz are off, since they belong to the scheduler. The histories come from a linear
congruential generator, so that the file can be written again, byte by byte.
"""
import datetime
import importlib.metadata

import fsrs

FIRST = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.timezone.utc)
GAPS = (0, 0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 90, 180, 400)


def numbers(seed):
    while True:
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        yield seed >> 33


def main():
    print(f"# Made by memory_golden.py with py-fsrs {importlib.metadata.version('fsrs')}.")
    draw = numbers(6)
    scheduler = fsrs.Scheduler(learning_steps=[], relearning_steps=[], enable_fuzzing=False)
    for length in (1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40):
        for _ in range(4):
            card = fsrs.Card()
            day = 0
            history = []
            for i in range(length):
                day += GAPS[next(draw) % len(GAPS)] if i else 0
                grade = 1 + next(draw) % 4
                card, _ = scheduler.review_card(card, fsrs.Rating(grade), FIRST + datetime.timedelta(days=day))
                history.append(f"{day}:{grade}")
            print(f"{' '.join(history)} = {card.stability!r} {card.difficulty!r}")


if __name__ == "__main__":
    main()
