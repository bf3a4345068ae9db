"""Predictions: what published experiments found, what was said that the model would give, and what it gives.

They are written down in `predictions.yaml` in a commit before the first treated run with the numbers that they are
asked of, and stay as they are. `tmesim predict` simulates what they ask as pairs on common seeds; all arms of a pair
are one tissue until their first dose. A model's 95 % interval over pairs that lies within the published interval, or on
the published side, is a hit, one that lies wholly outside of it a miss, any other is inconclusive; the same is said of
what was predicted. Nothing of it sets a number of the catalogue.
"""
