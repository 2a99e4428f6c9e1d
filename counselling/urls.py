"""Addresses of what staff see: the desk and the review pages."""

from django.urls import path

from counselling import views

app_name = "counselling"
urlpatterns = [
    path("desk/", views.desk, name="desk"),
    path("reviews/", views.reviews, name="reviews"),
    path("reviews/<uuid:conversation_id>/", views.review, name="review"),
]
