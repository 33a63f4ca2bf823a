"""Results for people and scripts: terminal tables, summaries, a run's directory. They only consume fits."""
