"""Picture to digits in rows. OpenCV and NumPy alone; the classifier is handed in."""
