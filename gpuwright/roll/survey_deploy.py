"""What a roll asks its hosts before it touches them; pyinfra executes this file for every host."""

from gpuwright.roll import survey

survey.this_one()
