"""How the chunks of a trace are worked on: in whichever thread or process, in bounded memory."""
