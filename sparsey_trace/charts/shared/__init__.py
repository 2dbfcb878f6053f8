"""What several charts share, whoever draws them: the run and its tables, arrays, words and colours."""
