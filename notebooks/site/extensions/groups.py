"""Public names by what they are for: the order of the API reference."""

GROUPS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "evaluations": (
        "Tables of evaluations",
        "Read, check and select evaluations of language models.",
        (
            "load_evaluations",
            "read_evaluations",
            "check_evaluations",
            "best_per_paper",
            "comparable_rows",
            "on_benchmarks",
            "published_between",
            "test_time_adaptation_rows",
            "with_architecture",
            "zero_shot_rows",
        ),
    ),
    "any_table": (
        "Any table",
        "Select rows of evaluations or runs, and see what looks wrong with them.",
        ("rows_where", "best_of", "last_of", "findings", "TableWarning"),
    ),
    "others": (
        "Loading others' data",
        "Read tables that others publish, by their own column names, and count what each rule leaves out.",
        ("read_ho2024_sheet", "read_ai_models", "read_with_gaps", "fill_from", "Filling", "Selection"),
    ),
    "runs": (
        "Tables of training runs",
        "Read, check and simulate training runs.",
        ("load_runs", "read_runs", "check_runs", "drop_highest", "simulate_isoflop", "simulate_curves"),
    ),
    "fitting": (
        "Specifications and fits",
        "From a specification and a table to a posterior.",
        (
            "Specification",
            "Prior",
            "list_specifications",
            "load_specification",
            "build_model",
            "fit",
            "Fit",
            "load_fit",
        ),
    ),
    "answers": (
        "Answers from a posterior",
        "What progress was and is worth. Each takes a fit or published constants and gives draws or a table.",
        (
            "at",
            "doubling_times",
            "numerical_doubling_time",
            "effective_compute",
            "effective_compute_shares",
            "growth_factor",
            "shapley_attribution",
            "compute_equivalent_gain",
            "loss_reduction",
            "predicted_loss",
            "compute_needed",
            "reachable_date",
            "credible_intervals",
            "published_estimates",
            "replicate",
            "Replication",
            "load_replication",
            "System",
            "HO2024_SYSTEMS",
        ),
    ),
    "planning": (
        "Planning a training run",
        "How to spend a budget of compute, from a posterior of a law without progress or from published laws.",
        (
            "coefficients",
            "allocation_exponents",
            "recipe_gains",
            "RecipeGains",
            "optimal_allocation",
            "optimal_split",
            "allocation_with_inference",
            "cost_of_split",
            "design",
            "Design",
            "compare_approaches",
            "isoflop_profiles",
            "training_curves",
            "quadratic_bias",
            "Profiles",
            "ChinchillaLaw",
            "BESIROGLU",
            "HOFFMANN_ROUNDED",
            "HOFFMANN_TEX",
        ),
    ),
    "comparing": (
        "Comparing specifications",
        "Which specification predicts best what it has not seen, and whether the answer depends on the choice.",
        ("compare", "compare_fits", "Comparison", "load_comparison", "robustness", "Robustness", "load_robustness"),
    ),
    "checking": (
        "Checking an answer",
        "What the data decided, what the prior did, and whether the posterior can be trusted.",
        (
            "prior_predictive",
            "prior_predictive_summary",
            "identification",
            "profile_likelihood",
            "predictive_check",
            "PredictiveCheck",
            "backtest",
            "Backtest",
            "load_backtest",
            "calibrate",
            "Calibration",
            "load_calibration",
            "chain_weights",
        ),
    ),
    "reports": (
        "Reports",
        "One file that answers first and goes down to the diagnostics.",
        ("write_report",),
    ),
    "errors": (
        "Errors and warnings",
        "Every refusal names what is wrong, the valid choices and the next step.",
        (
            "BayesScalingError",
            "EvaluationsError",
            "FetchingError",
            "FitFileError",
            "RunsError",
            "SpecificationError",
            "RunsWarning",
            "CompilationWarning",
        ),
    ),
}
PLOTS = ("plots", "Pictures", "One style, safe for colour-blind readers; each returns a figure and shows nothing.")


def groups(names: list[str]) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """All groups, with every public ``plot_`` function in one of its own, and the rest that has none yet."""
    plots = tuple(name for name in names if name.startswith("plot_"))
    grouped = {name for _, _, members in GROUPS.values() for name in members} | {*plots, "classical"}
    further = tuple(name for name in names if name not in grouped)
    found = GROUPS | {PLOTS[0]: (PLOTS[1], PLOTS[2], plots)}
    return found | ({"further": ("Further names", "What belongs to no other group.", further)} if further else {})
