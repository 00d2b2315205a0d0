"""What is measured: the programs that stand for a floor and a plain alternative, and how to drive ours."""
