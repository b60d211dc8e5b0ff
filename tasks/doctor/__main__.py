"""``python -m tasks.doctor > docs/faults.md``: the page of all codes, out of the doctor's data."""

from tasks.doctor.document import page

if __name__ == "__main__":
    print(page(), end="")
