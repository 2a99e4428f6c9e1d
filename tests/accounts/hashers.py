"""A password hasher that counts its work, so that a test can compare the cost of two answers without a clock."""

from django.contrib.auth.hashers import MD5PasswordHasher


class CountingHasher(MD5PasswordHasher):
    algorithm = "counting"
    rounds = 0

    def encode(self, password: str, salt: str) -> str:
        type(self).rounds += 1
        return super().encode(password, salt)
