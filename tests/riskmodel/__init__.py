"""Tests of the risk model; none needs a database."""
