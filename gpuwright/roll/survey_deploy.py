"""What a roll asks its hosts before it touches them; pyinfra executes this file for every host."""

from gpuwright.roll import survey

if not __name__.endswith("survey_deploy"):  # where it is imported, there is no host
    survey.this_one()
