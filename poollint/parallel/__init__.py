"""A large run over several processes: folders are walked and files are read ahead, in no order; the run itself goes on as if
it were alone, and takes what was read ahead from them. So the results are those of one process, in its order."""
