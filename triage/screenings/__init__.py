"""Screenings: instruments with exact scoring, what their answers call for, and where the answers are kept."""
