"""A bad specification gets one message, which names the file, the key and what to do."""

import traceback
from pathlib import Path

import pytest

from bayes_scaling.errors import BayesScalingError, SpecificationError
from bayes_scaling.specifications.catalogue import load_specification

TOP_KEYS = (
    "title, reference, law, irreducible_loss, transformer_factor, varies_by, coefficients, tuned, benchmarks, "
    "progress, noise, data, pivot, centre, "
    "priors, delta"
)
FAMILIES = "beta, gamma, half_normal, laplace, lognormal, normal, student_t"
GROUPS = "choose one of: benchmark, architecture"
GRID = "the paper's grid: 0.001, 0.0025, 0.005, 0.01, 0.02"
BOTH_RATES = '[progress]\nparameters = "constant_rate"\ndata = "constant_rate"\n'
DRIFT = '[progress]\nexponents = "drift"\n'
PIVOT = "[pivot]\nparameters = 2e6\ntokens = 1e6\n"
BY_BENCHMARK = '[varies_by]\nA = "benchmark"\nB = "benchmark"\n'
SIGMA = '[priors.sigma]\ndistribution = "half_normal"\nsigma = 0.1\n'


def prior(text: str, name: str = "alpha") -> str:
    return f"[priors.{name}]\n{text}"


CASES: dict[str, tuple[str, str]] = {
    # what is no key
    "unknown key": ('colour = "red"', f"the specification has unknown key 'colour'; valid keys: {TOP_KEYS}"),
    "two unknown keys": ('colour = "red"\nsize = 1', f"unknown keys 'colour', 'size'; valid keys: {TOP_KEYS}"),
    "a name inside the file": ('name = "mine"', f"unknown key 'name'; valid keys: {TOP_KEYS}"),
    "unknown section": ("[priorz.alpha]\nmu = 1", f"unknown key 'priorz'; valid keys: {TOP_KEYS}"),
    "unknown key in progress": (
        '[progress]\nspeed = "fast"',
        "[progress] has unknown key 'speed'; valid keys: parameters, data, compute, acts_on, exponents, "
        "cut_year, at_cut",
    ),
    "unknown key in noise": ("[noise]\nsigma = 1", "[noise] has unknown key 'sigma'; valid keys: family, cluster"),
    "unknown key in data": (
        "[data]\nlayers = 1",
        "[data] has unknown key 'layers'; valid keys: tokens, vocabulary, missing_",
    ),
    "unknown key in centre": (
        "[centre]\nyear = 2018",
        "[centre] has unknown key 'year'; valid keys: parameters, tokens, least_steps, loss",
    ),
    "an empty centre": ("[centre]", "[centre] is empty; remove it (keys with an effect: parameters, tokens)"),
    "a centre of nothing": ("[centre]\nparameters = 0", "[centre] parameters must be a number above 0, not 0"),
    "a centre in words": ('[centre]\ntokens = "many"', "[centre] tokens must be a number above 0, not 'many'"),
    "a centre under a penalty": (
        "delta = 0.01\n[centre]\nparameters = 1e9",
        "[centre] has no effect with delta, whose coefficients stand at the sample's minima; remove one of them",
    ),
    "unknown scale of noise": (
        '[noise]\nscale = "perplexity"',
        "[noise] scale = 'perplexity' is not valid; choose one of: loss, log_loss",
    ),
    "noise on the logarithm with paper effects": (
        '[noise]\nscale = "log_loss"\ncluster = "paper"\n' + SIGMA,
        "[noise] scale = 'log_loss' with a cluster needs a prior of tau",
    ),
    "noise on the logarithm of what may be negative": (
        '[data]\nvocabulary = "log"\n[noise]\nscale = "log_loss"\n' + SIGMA,
        "[noise] scale = 'log_loss' does not go with [data] vocabulary = 'log'",
    ),
    "noise on the logarithm with the default prior in nats": (
        '[noise]\nscale = "log_loss"',
        "needs a prior of sigma, whose default is in nats per token; add [priors.sigma], such as distribution = "
        "'half_normal', sigma = 0.1",
    ),
    "noise on the logarithm under a penalty": (
        'delta = 0.01\n[noise]\nscale = "log_loss"\n' + SIGMA,
        "delta needs [noise] family = 'normal', cluster = 'none', scale = 'loss'",
    ),
    "unknown key in pivot": (
        DRIFT + PIVOT + "date = 2018",
        "[pivot] has unknown key 'date'; valid keys: parameters, tokens, year",
    ),
    # what is missing
    "an empty file": ("", 'law is missing; add law = "...", one of: chinchilla, compute'),
    "a file without law": ('title = "Mine"', 'law is missing; add law = "...", one of: chinchilla, compute'),
    # wrong types
    "law a number": ("law = 3", "law must be text in quotes, not 3; choose one of: chinchilla, compute"),
    "law a list": ('law = ["chinchilla"]', "law must be text in quotes, not ['chinchilla']"),
    "title a number": ("title = 7", "title must be text in quotes, not 7"),
    "reference a date": ("reference = 2024-03-09", "reference must be text in quotes, not datetime.date(2024, 3, 9)"),
    "irreducible_loss a boolean": (
        "irreducible_loss = true",
        "irreducible_loss must be text in quotes, not True; choose one of: none, shared, benchmark",
    ),
    "varies_by a list": ('varies_by = ["A"]', "varies_by must be a table ([varies_by] with key = value lines)"),
    "varies_by text": ('varies_by = "benchmark"', "varies_by must be a table ([varies_by] with key = value lines)"),
    "progress text": ('progress = "constant_rate"', "progress must be a table ([progress] with key = value lines)"),
    "progress twice": ('[[progress]]\ndata = "none"', "progress must be a table ([progress] with key = value lines)"),
    "noise a list": ('noise = ["normal"]', "noise must be a table ([noise] with key = value lines), not ['normal']"),
    "data a number": ("data = 3", "data must be a table ([data] with key = value lines), not 3"),
    "pivot a list": (f"pivot = [1, 2]\n{DRIFT}", "pivot must be a table ([pivot] with key = value lines), not [1, 2]"),
    "priors a list": ("[[priors]]\nalpha = 1", "priors must be a table ([priors] with key = value lines)"),
    "a prior as text": (
        '[priors]\nalpha = "normal"',
        "priors.alpha must be a table ([priors.alpha] with key = value lines), not 'normal'",
    ),
    "progress a boolean": (
        "[progress]\nparameters = true",
        "[progress] parameters = True is not valid; choose one of: none, constant_rate",
    ),
    "group a list": (
        '[varies_by]\nA = ["benchmark"]\nB = ["benchmark"]',
        f"[varies_by] A = ['benchmark'] is not valid; {GROUPS}",
    ),
    "group a number": ("[varies_by]\nalpha = 3", f"[varies_by] alpha = 3 is not valid; {GROUPS}"),
    # what is no choice
    "unknown law": (
        'law = "gundlach"',
        "law = 'gundlach' is not valid; choose one of: chinchilla, compute, parameters, tokens, steps, kaplan, "
        "critical_batch",
    ),
    "unknown irreducible_loss": (
        'irreducible_loss = "yes"',
        "irreducible_loss = 'yes' is not valid; choose one of: none, shared, benchmark",
    ),
    "unknown group": ('[varies_by]\nalpha = "a paper"', f"[varies_by] alpha = 'a paper' is not valid; {GROUPS}"),
    "unknown progress": (
        '[progress]\ndata = "exponential"',
        "[progress] data = 'exponential' is not valid; choose one of: none, constant_rate",
    ),
    "unknown acts_on": (
        '[progress]\nacts_on = "everything"',
        "[progress] acts_on = 'everything' is not valid; choose one of: effective_size, loss_term, "
        "reducible_loss, nearly_reducible_loss",
    ),
    "unknown exponents": (
        '[progress]\nexponents = "grow"',
        "[progress] exponents = 'grow' is not valid; choose one of: none, drift",
    ),
    "unknown noise": (
        '[noise]\nfamily = "cauchy"',
        "[noise] family = 'cauchy' is not valid; choose one of: normal, student_t",
    ),
    "unknown cluster": (
        '[noise]\ncluster = "a lab"',
        "[noise] cluster = 'a lab' is not valid; choose one of: none, paper, or another column of the table",
    ),
    "unknown tokens": (
        '[data]\ntokens = "distinct"',
        "[data] tokens = 'distinct' is not valid; choose one of: unique, effective_epochs, seen, repeated",
    ),
    "unknown missing_epochs": (
        '[data]\ntokens = "seen"\nmissing_epochs = "mean"',
        "[data] missing_epochs = 'mean' is not valid; choose one of: one, median",
    ),
    "missing_epochs without epochs": (
        '[data]\nmissing_epochs = "median"',
        "[data] missing_epochs = 'median' needs tokens = 'seen' or 'repeated'; with tokens = 'unique' epochs are not "
        "used: remove missing_epochs",
    ),
    "missing_epochs of the paper's model 20": (
        '[data]\ntokens = "effective_epochs"\nmissing_epochs = "median"',
        "needs tokens = 'seen' or 'repeated'; with tokens = 'effective_epochs' missing epochs count as one pass, as in "
        "the paper: remove missing_epochs",
    ),
    "repetition in the compute law": (
        'law = "compute"\n[data]\ntokens = "repeated"',
        "[data] tokens = 'repeated' needs law 'chinchilla': repetition makes data worth less, not compute; "
        "or set tokens = 'seen'",
    ),
    # architecture
    "unknown transformer_factor": (
        'transformer_factor = "logit"',
        "transformer_factor = 'logit' is not valid; choose one of: none, sigmoid",
    ),
    "transformer_factor a number": (
        "transformer_factor = 0.95",
        "transformer_factor must be text in quotes, not 0.95; choose one of: none, sigmoid",
    ),
    "transformer_factor beside levels by architecture": (
        'transformer_factor = "sigmoid"\n[varies_by]\nA = "architecture"\nB = "architecture"',
        "transformer_factor = 'sigmoid' says what A = 'architecture' in [varies_by] says already; "
        "set transformer_factor = 'none', or let A and B vary by benchmark or not at all",
    ),
    # eras
    "a rate by era without a cut": (
        f'[varies_by]\ng_D = "era"\n{BOTH_RATES}',
        "[varies_by] g_D = 'era' needs the year between the eras: set [progress] cut_year, such as 2017.444",
    ),
    "a cut without a rate by era": (
        f"{BOTH_RATES}cut_year = 2017.444",
        "[progress] cut_year has no effect while no rate varies by era; set g_N = 'era' or g_D = 'era' in [varies_by], "
        "or remove cut_year",
    ),
    "a cut without a rate by era in the compute law": (
        'law = "compute"\n[progress]\ncompute = "constant_rate"\ncut_year = 2017.444',
        "[progress] cut_year has no effect while no rate varies by era; set g_C = 'era' in [varies_by]",
    ),
    "a cut as text": (
        f'[varies_by]\ng_N = "era"\n{BOTH_RATES}cut_year = "2017"',
        "[progress] cut_year must be a decimal year such as 2017.444, not '2017'",
    ),
    "a cut as a date": (
        f'[varies_by]\ng_N = "era"\n{BOTH_RATES}cut_year = 2017-06-12',
        "[progress] cut_year must be a decimal year such as 2017.444, not datetime.date(2017, 6, 12)",
    ),
    "unknown at_cut": (
        f'[varies_by]\ng_N = "era"\n{BOTH_RATES}cut_year = 2017.444\nat_cut = "step"',
        "[progress] at_cut = 'step' is not valid; choose one of: bend, jump",
    ),
    "at_cut without a cut": (
        f'{BOTH_RATES}at_cut = "jump"',
        "[progress] at_cut = 'jump' has no effect without a cut; set [progress] cut_year, or remove at_cut",
    ),
    "an exponent by era": ('[varies_by]\nalpha = "era"', f"[varies_by] alpha = 'era' is not valid; {GROUPS}"),
    "a rate by an unknown group": (
        f'[varies_by]\ng_N = "a paper"\n{BOTH_RATES}',
        f"[varies_by] g_N = 'a paper' is not valid; {GROUPS}, era",
    ),
    "a rate by era that is fixed": (
        '[varies_by]\ng_N = "era"\n[progress]\ndata = "constant_rate"\ncut_year = 2017.444',
        "[varies_by] g_N = 'era' contradicts [progress]: g_N is fixed at 0; remove it",
    ),
    "a rate by era of neutral progress": (
        f'[varies_by]\ng_N = "era"\n{BOTH_RATES}acts_on = "nearly_reducible_loss"\ncut_year = 2017.444',
        "g_N is not free with acts_on = 'nearly_reducible_loss'; remove it",
    ),
    "year of a pivot where the rates bend": (
        f'[varies_by]\ng_N = "era"\n{BOTH_RATES}cut_year = 2017.444\n[pivot]\nyear = 2012.5',
        "[pivot] year has no effect here; remove it (keys with an effect: none)",
    ),
    "unknown vocabulary": (
        "[data]\nvocabulary = true",
        "[data] vocabulary = True is not valid; choose one of: ignored, log",
    ),
    # what varies
    "coefficient of no law": (
        '[varies_by]\nZ = "benchmark"',
        "[varies_by] Z is no coefficient of law 'chinchilla'; valid coefficients: A, B, alpha, beta, g_N, g_D",
    ),
    "coefficient of the other law": (
        'law = "compute"\n[varies_by]\nB = "benchmark"',
        "[varies_by] B is no coefficient of law 'compute'; valid coefficients: A, alpha, g_C",
    ),
    "compute rate in the chinchilla law": (
        '[varies_by]\ng_C = "benchmark"',
        "[varies_by] g_C is no coefficient of law 'chinchilla'; valid coefficients: A, B, alpha, beta, g_N, g_D",
    ),
    "E varies": ('[varies_by]\nE = "benchmark"', "E is no coefficient of law 'chinchilla'"),
    "E varies, the fix": ('[varies_by]\nE = "benchmark"', "use irreducible_loss for E"),
    "only A varies": ('[varies_by]\nA = "benchmark"', "[varies_by] A and B must vary by the same group (or both be"),
    "A and B vary differently": (
        '[varies_by]\nA = "benchmark"\nB = "architecture"',
        "[varies_by] A and B must vary by the same group (or both be shared)",
    ),
    "E by benchmark, A shared": (
        'irreducible_loss = "benchmark"',
        "irreducible_loss = 'benchmark' needs A and B = 'benchmark' in [varies_by]",
    ),
    "E by benchmark, A by architecture": (
        'irreducible_loss = "benchmark"\n[varies_by]\nA = "architecture"\nB = "architecture"',
        "irreducible_loss = 'benchmark' needs A and B = 'benchmark' in [varies_by]",
    ),
    "E by benchmark, B shared": (
        'irreducible_loss = "benchmark"\n[varies_by]\nA = "benchmark"',
        "irreducible_loss = 'benchmark' needs A and B = 'benchmark' in [varies_by]: E is a share of each benchmark's",
    ),
    "E by benchmark in the compute law": (
        'law = "compute"\nirreducible_loss = "benchmark"',
        "irreducible_loss = 'benchmark' needs A = 'benchmark' in [varies_by]",
    ),
    # what progresses
    "compute progress in the chinchilla law": (
        '[progress]\ncompute = "constant_rate"',
        "[progress] compute does not go with law 'chinchilla'; use: parameters, data",
    ),
    "parameters progress in the compute law": (
        'law = "compute"\n[progress]\nparameters = "constant_rate"',
        "[progress] parameters does not go with law 'compute'; use: compute",
    ),
    "data progress in the compute law": (
        'law = "compute"\n[progress]\ndata = "constant_rate"',
        "[progress] data does not go with law 'compute'; use: compute",
    ),
    "g_N varies but is fixed": (
        '[varies_by]\ng_N = "benchmark"',
        "g_N is fixed at 0; remove it or set [progress] parameters = 'constant_rate'",
    ),
    "g_D varies but is fixed": (
        '[varies_by]\ng_D = "architecture"\n[progress]\nparameters = "constant_rate"',
        "g_D is fixed at 0; remove it or set [progress] data = 'constant_rate'",
    ),
    "g_C varies but is fixed": (
        'law = "compute"\n[varies_by]\ng_C = "benchmark"',
        "g_C is fixed at 0; remove it or set [progress] compute = 'constant_rate'",
    ),
    "g_N varies where the loss term declines": (
        f'[varies_by]\ng_N = "benchmark"\n{BOTH_RATES}acts_on = "loss_term"',
        "[varies_by] g_N = 'benchmark' contradicts [progress]: g_N is not free with acts_on = 'loss_term'; remove it",
    ),
    "acts_on with one rate": (
        '[progress]\nparameters = "constant_rate"\nacts_on = "reducible_loss"',
        "[progress] acts_on = 'reducible_loss' needs parameters and data at 'constant_rate'",
    ),
    "acts_on without a rate": (
        '[progress]\nacts_on = "loss_term"',
        "[progress] acts_on = 'loss_term' needs parameters and data at 'constant_rate'; "
        "or set acts_on = 'effective_size'",
    ),
    "neutral progress with exponents that vary": (
        f'[varies_by]\nalpha = "architecture"\n{BOTH_RATES}acts_on = "reducible_loss"',
        "[progress] acts_on = 'reducible_loss' needs shared alpha and beta: "
        "remove alpha from [varies_by] or set acts_on = 'effective_size'",
    ),
    "neutral progress with both exponents varying": (
        f'[varies_by]\nbeta = "benchmark"\nalpha = "benchmark"\n{BOTH_RATES}acts_on = "reducible_loss"',
        "needs shared alpha and beta: remove alpha, beta from [varies_by] or set acts_on = 'effective_size'",
    ),
    "nearly neutral progress with exponents that vary": (
        f'[varies_by]\nalpha = "architecture"\n{BOTH_RATES}acts_on = "nearly_reducible_loss"',
        "[progress] acts_on = 'nearly_reducible_loss' needs shared alpha and beta: "
        "remove alpha from [varies_by] or set acts_on = 'effective_size'",
    ),
    "nearly neutral progress with one rate": (
        '[progress]\nparameters = "constant_rate"\nacts_on = "nearly_reducible_loss"',
        "[progress] acts_on = 'nearly_reducible_loss' needs parameters and data at 'constant_rate'",
    ),
    "nearly neutral progress in the compute law": (
        'law = "compute"\n[progress]\nacts_on = "nearly_reducible_loss"',
        "[progress] acts_on = 'nearly_reducible_loss' needs law 'chinchilla'; or set acts_on = 'effective_size'",
    ),
    "neutral progress in the compute law": (
        'law = "compute"\n[progress]\nacts_on = "reducible_loss"',
        "[progress] acts_on = 'reducible_loss' needs law 'chinchilla'; or set acts_on = 'effective_size'",
    ),
    "declining terms in the compute law": (
        'law = "compute"\n[progress]\ncompute = "constant_rate"\nacts_on = "loss_term"',
        "[progress] acts_on = 'loss_term' needs law 'chinchilla'; or set acts_on = 'effective_size'",
    ),
    # drift
    "drift without a pivot": (DRIFT, "[progress] exponents = 'drift' needs a [pivot] with parameters and tokens"),
    "sizes of a pivot without effect": (
        PIVOT,
        "[pivot] parameters has no effect here; remove it (keys with an effect: none)",
    ),
    "year of a pivot without effect": (
        f"{BOTH_RATES}[pivot]\nyear = 2012.5",
        "[pivot] year has no effect here; remove it (keys with an effect: none)",
    ),
    "sizes of a pivot where only a rate varies": (
        f'[varies_by]\ng_N = "benchmark"\n{BOTH_RATES}{PIVOT}',
        "[pivot] parameters has no effect here; remove it (keys with an effect: year): sizes count where",
    ),
    "year of a pivot where A varies alike": (
        f'{BY_BENCHMARK}g_N = "benchmark"\n{BOTH_RATES}[pivot]\nyear = 2012.5',
        "[pivot] year has no effect here; remove it (keys with an effect: none)",
    ),
    "year of a pivot where terms decline": (
        f'[varies_by]\nalpha = "architecture"\nbeta = "architecture"\n{BOTH_RATES}acts_on = "loss_term"\n'
        "[pivot]\nyear = 2012.5",
        "[pivot] year has no effect here; remove it (keys with an effect: parameters, tokens)",
    ),
    "year of a pivot of drift": (
        f"{DRIFT}{PIVOT}year = 2012.5",
        "[pivot] year has no effect here; remove it (keys with an effect: parameters, tokens)",
    ),
    "year of a pivot of drift where rates are apart": (
        f'[varies_by]\nalpha = "architecture"\n{BOTH_RATES}exponents = "drift"\n{PIVOT}year = 2012.5',
        "[pivot] year has no effect here; remove it (keys with an effect: parameters, tokens)",
    ),
    "rates apart with drift": (
        f'[varies_by]\ng_N = "benchmark"\n{BOTH_RATES}exponents = "drift"\n{PIVOT}',
        "[varies_by] g_N does not go with [progress] exponents = 'drift', where rates are shared; "
        "remove g_N from [varies_by] or set exponents = 'none'",
    ),
    "drift in the compute law": (
        f'law = "compute"\n{DRIFT}{PIVOT}',
        "[progress] exponents = 'drift' needs law 'chinchilla' and acts_on 'effective_size'",
    ),
    "drift of a neutral model": (
        f'{BOTH_RATES}acts_on = "reducible_loss"\nexponents = "drift"\n{PIVOT}',
        "[progress] exponents = 'drift' needs law 'chinchilla' and acts_on 'effective_size'",
    ),
    "drift with one rate": (
        f'{DRIFT}parameters = "constant_rate"\n{PIVOT}',
        "[progress] with exponents = 'drift', parameters and data must be set alike: "
        "both 'none' or both 'constant_rate'",
    ),
    "pivot incomplete": (
        f"{DRIFT}[pivot]\nparameters = 2e6",
        "[progress] exponents = 'drift' needs a [pivot] with parameters and tokens (lacks tokens)",
    ),
    "pivot empty": (
        f"{DRIFT}[pivot]",
        "[progress] exponents = 'drift' needs a [pivot] with parameters and tokens (lacks parameters, tokens)",
    ),
    "pivot empty where it may have a year": (
        f'[varies_by]\ng_N = "benchmark"\n{BOTH_RATES}[pivot]',
        "[pivot] is empty; remove it (keys with an effect: year)",
    ),
    "pivot beyond a float": (
        f"{DRIFT}[pivot]\nparameters = 2e6\ntokens = 1{'0' * 400}",
        "[pivot] tokens must be a number above 0, not an integer beyond the range of a float",
    ),
    "pivot negative": (
        f"{DRIFT}[pivot]\nparameters = -2e6\ntokens = 1e6",
        "[pivot] parameters must be a number above 0, not -2000000.0",
    ),
    "pivot zero": (f"{DRIFT}[pivot]\nparameters = 2e6\ntokens = 0", "[pivot] tokens must be a number above 0, not 0"),
    "pivot boolean": (
        f"{DRIFT}[pivot]\nparameters = true\ntokens = 1e6",
        "[pivot] parameters must be a number above 0, not True",
    ),
    "pivot text": (
        f'{DRIFT}[pivot]\nparameters = 2e6\ntokens = "1e6"',
        "[pivot] tokens must be a number above 0, not '1e6'",
    ),
    "pivot infinite": (
        f"{DRIFT}[pivot]\nparameters = inf\ntokens = 1e6",
        "[pivot] parameters must be a number above 0, not inf",
    ),
    "pivot not a number": (
        f"{DRIFT}[pivot]\nparameters = nan\ntokens = 1e6",
        "[pivot] parameters must be a number above 0, not nan",
    ),
    # priors
    "prior of an unused parameter": (
        prior('distribution = "normal"\nmu = 0\nsigma = 1', "g_N"),
        "[priors.g_N] is not used by this specification; "
        "parameters with a prior here: level, share, alpha, beta, sigma",
    ),
    "prior of an unknown parameter": (
        prior('distribution = "normal"\nmu = 0\nsigma = 1', "zeta"),
        "[priors.zeta] is unknown; parameters with a prior here: level, share, alpha, beta, sigma",
    ),
    "prior of nu with normal noise": (
        prior('distribution = "gamma"\nalpha = 2\nbeta = 1', "nu"),
        "[priors.nu] is not used by this specification; parameters with a prior here: level, share",
    ),
    "prior family unknown": (
        prior('distribution = "cauchy"\nmu = 0\nsigma = 1'),
        f"[priors.alpha] unknown distribution 'cauchy'; valid choices: {FAMILIES}",
    ),
    "prior family in PyMC's spelling": (
        prior('distribution = "LogNormal"\nmu = 0\nsigma = 1'),
        f"[priors.alpha] unknown distribution 'LogNormal'; valid choices: {FAMILIES}",
    ),
    "distribution missing": (
        prior("mu = 0\nsigma = 1"),
        '[priors.alpha] needs distribution = "..."; valid choices: beta, gamma, half_normal, lognormal',
    ),
    "distribution a number": (
        prior("distribution = 1", "share"),
        '[priors.share] needs distribution = "..."; valid choices: beta',
    ),
    "distribution missing where any will do": (
        prior("mu = 0", "g_N"),
        f'[priors.g_N] needs distribution = "..."; valid choices: {FAMILIES}',
    ),
    "distribution missing, name unknown": (
        prior("mu = 0", "zeta"),
        f'[priors.zeta] needs distribution = "..."; valid choices: {FAMILIES}',
    ),
    "argument with a name of Python's": (
        prior('distribution = "lognormal"\ncls = 1\nmu = 0\nsigma = 1'),
        "[priors.alpha] distribution 'lognormal' takes mu, sigma; given: cls, mu, sigma",
    ),
    "argument beyond a float": (
        prior(f'distribution = "lognormal"\nmu = 1{"0" * 400}\nsigma = 1'),
        "[priors.alpha] 'mu' of 'lognormal' must be a finite number, not an integer beyond the range of a float",
    ),
    "argument whose exponential is beyond a float": (
        prior('distribution = "lognormal"\nmu = 1000\nsigma = 1'),
        "[priors.alpha] 'mu' of 'lognormal' must lie within 700 either side of 0, not 1000: "
        "it is the logarithm of the median",
    ),
    "argument missing": (
        prior('distribution = "lognormal"\nmu = 0'),
        "[priors.alpha] distribution 'lognormal' takes mu, sigma; given: mu",
    ),
    "all arguments missing": (
        prior('distribution = "lognormal"'),
        "[priors.alpha] distribution 'lognormal' takes mu, sigma; given: nothing",
    ),
    "argument too many": (
        prior('distribution = "lognormal"\nmu = 0\nsigma = 1\nnu = 2'),
        "[priors.alpha] distribution 'lognormal' takes mu, sigma; given: mu, nu, sigma",
    ),
    "scale negative": (
        prior('distribution = "lognormal"\nmu = 0\nsigma = -1'),
        "[priors.alpha] 'sigma' of 'lognormal' must be above 0, not -1",
    ),
    "scale zero": (
        prior('distribution = "lognormal"\nmu = 0\nsigma = 0.0'),
        "[priors.alpha] 'sigma' of 'lognormal' must be above 0, not 0.0",
    ),
    "argument not a number": (
        prior('distribution = "lognormal"\nmu = nan\nsigma = 1'),
        "[priors.alpha] 'mu' of 'lognormal' must be a finite number, not nan",
    ),
    "argument infinite": (
        prior('distribution = "lognormal"\nmu = 0\nsigma = inf'),
        "[priors.alpha] 'sigma' of 'lognormal' must be a finite number, not inf",
    ),
    "argument boolean": (
        prior('distribution = "lognormal"\nmu = true\nsigma = 1'),
        "[priors.alpha] 'mu' of 'lognormal' must be a finite number, not True",
    ),
    "argument text": (
        prior('distribution = "lognormal"\nmu = "0"\nsigma = 1'),
        "[priors.alpha] 'mu' of 'lognormal' must be a finite number, not '0'",
    ),
    "argument a list": (
        prior('distribution = "lognormal"\nmu = [0, 1]\nsigma = 1'),
        "[priors.alpha] 'mu' of 'lognormal' must be a finite number, not [0, 1]",
    ),
    "normal prior of an exponent": (
        prior('distribution = "normal"\nmu = 0\nsigma = 1'),
        "[priors.alpha] Normal(mu=0, sigma=1) reaches values that alpha can't take (positive); "
        "valid distributions: beta, gamma, half_normal, lognormal",
    ),
    "gamma prior of a share": (
        prior('distribution = "gamma"\nalpha = 2\nbeta = 1', "share"),
        "[priors.share] Gamma(alpha=2, beta=1) reaches values that share can't take (unit); valid distributions: beta",
    ),
    # the paper's penalty
    "delta zero": ("delta = 0", "delta must be a number above 0, not 0: with delta = 0 the prior is flat"),
    "delta zero, the fix": ("delta = 0.0", "use bayes_scaling.classical for the unpenalised estimate"),
    "delta negative": ("delta = -0.01", f"delta must be a number above 0, not -0.01; {GRID}"),
    "delta text": ('delta = "small"', f"delta must be a number above 0, not 'small'; {GRID}"),
    "delta not a number": ("delta = nan", f"delta must be a number above 0, not nan; {GRID}"),
    "delta infinite": ("delta = inf", f"delta must be a number above 0, not inf; {GRID}"),
    "delta boolean": ("delta = true", f"delta must be a number above 0, not True; {GRID}"),
    "delta a table": ("[delta]\nvalue = 1", "delta must be a number above 0, not {'value': 1}; the paper's grid: "),
    "delta beyond a float": (
        f"delta = 1{'0' * 400}",
        f"delta must be a number above 0, not an integer beyond the range of a float; {GRID}",
    ),
    "delta with a prior": (
        "delta = 0.01\n" + prior('distribution = "lognormal"\nmu = 0\nsigma = 1'),
        "[priors.alpha] contradicts delta, which sets the prior of every coefficient; remove one of them",
    ),
    "delta with an exponent that varies apart from its rate": (
        f'delta = 0.01\n{BY_BENCHMARK}alpha = "benchmark"\n{BOTH_RATES}',
        "delta needs g_N to vary by benchmark like alpha, or [progress] acts_on = 'loss_term': "
        "the paper's year coefficient is their product",
    ),
    "delta with an exponent and a rate that vary by different groups": (
        f'delta = 0.01\n[varies_by]\nbeta = "architecture"\ng_D = "benchmark"\n{BOTH_RATES}',
        "delta needs g_D to vary by architecture like beta, or [progress] acts_on = 'loss_term'",
    ),
    "delta with an exponent of compute that varies apart from its rate": (
        'delta = 0.01\nlaw = "compute"\n[varies_by]\nalpha = "benchmark"\n[progress]\ncompute = "constant_rate"',
        "delta needs g_C to vary by benchmark like alpha",
    ),
    "delta with a gap": (
        f'delta = 0.01\n{BOTH_RATES}acts_on = "nearly_reducible_loss"',
        "delta does not go with [progress] acts_on = 'nearly_reducible_loss', whose gap needs a prior of its own; "
        "set acts_on = 'effective_size' or 'reducible_loss', or remove delta",
    ),
    "delta with repetition": (
        'delta = 0.01\n[data]\ntokens = "repeated"',
        "delta does not go with [data] tokens = 'repeated': the paper's form has no coefficient for the worth of "
        "repetition; set tokens = 'unique', 'effective_epochs' or 'seen', or remove delta",
    ),
    "delta with a rate by era and an exponent by benchmark": (
        f'delta = 0.01\n[varies_by]\nalpha = "benchmark"\ng_N = "era"\n{BOTH_RATES}cut_year = 2017.444',
        "delta needs g_N to vary by benchmark like alpha",
    ),
    "delta with heavy tails": (
        'delta = 0.01\n[noise]\nfamily = "student_t"',
        "delta needs [noise] family = 'normal', cluster = 'none', scale = 'loss', as in the paper's objective",
    ),
    "delta with paper effects": (
        'delta = 0.01\n[noise]\ncluster = "paper"',
        "delta needs [noise] family = 'normal', cluster = 'none', scale = 'loss', as in the paper's objective",
    ),
    # what is no TOML
    "text without quotes": ("law = chinchilla", "not valid TOML: Invalid value (at line 1, column 7)"),
    "bracket open": ("[progress\n", "not valid TOML: Expected ']' at the end of a table declaration (at line 2"),
    "key twice": ('law = "compute"\nlaw = "compute"\n', "a name is given twice: Cannot overwrite a value (at line 2"),
    "digits without end": (f"title = 1{'0' * 5000}", "can't be read as TOML: a number of thousands of digits"),
    "brackets without end": (f"title = {'[' * 5000}", "or brackets nested too deeply"),
}


def message_of(caught: pytest.ExceptionInfo[SpecificationError]) -> str:
    """The message, after a look at what a user would see: one line, one exception."""
    error = caught.value
    assert type(error) is SpecificationError
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    shown = "".join(traceback.format_exception(error))
    assert shown.count("Traceback (most recent call last)") == 1
    message = str(error)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(("text", "phrase"), CASES.values(), ids=CASES)
def test_one_message_with_file_key_and_fix(text: str, phrase: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    stated = "law =" in text or phrase.startswith("law is missing")
    path.write_text(text if stated else f'law = "chinchilla"\n{text}', encoding="utf-8")
    with pytest.raises(SpecificationError) as caught:
        load_specification(path)
    message = message_of(caught)
    assert message.startswith(f"{path}: ")
    assert phrase in message
    assert message.count(str(path)) == 1


def test_errors_are_caught_by_the_packages_base_class() -> None:
    assert issubclass(SpecificationError, BayesScalingError)
    assert issubclass(SpecificationError, ValueError)


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes('title = "Größe"'.encode("latin-1"))
    with pytest.raises(SpecificationError) as caught:
        load_specification(path)
    assert message_of(caught) == f"{path}: not UTF-8 text (byte 11); save it as UTF-8"


@pytest.mark.parametrize(
    ("name", "close"),
    [
        ("refrence", "did you mean reference?"),
        ("reference ", "did you mean reference?"),
        ("Reference", "did you mean reference?"),
        ("ho2024/21", "ho2024/20"),
        ("ho2024/7", "did you mean ho2024/07, ho2024/17, "),
        ("HO2024/07", "ho2024/07"),
        ("ho2024-07", "ho2024/07"),
    ],
)
def test_a_misspelt_name_gets_a_close_match(
    name: str, close: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecificationError) as caught:
        load_specification(name)
    message = message_of(caught)
    assert f"'{name}'" in message
    assert close in message
    assert "did you mean" in message
    assert "`bayes-scaling models`" in message


@pytest.mark.parametrize(
    "name",
    ["../reference", "ho2024/../reference", "../models/reference", "./reference", "/etc/passwd", "~/mine", "a\0b"],
)
def test_a_name_does_not_lead_out_of_the_catalogue(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "reference").write_text('title = "trap"', encoding="utf-8")
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    with pytest.raises(SpecificationError) as caught:
        load_specification(name)
    assert name in message_of(caught)


@pytest.mark.parametrize("name", ["", " ", ".toml", "qwerty", "zzz"])
def test_a_name_like_no_other_gets_no_guesses(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecificationError) as caught:
        load_specification(name)
    assert message_of(caught) == (
        f"no specification '{name}': neither a name in the catalogue nor a .toml file; "
        "`bayes-scaling models` lists them all"
    )


@pytest.mark.parametrize("name", ["ho2024", "ho2024/"])
def test_a_family_is_not_a_specification(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ho2024").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecificationError) as caught:
        load_specification(name)
    assert message_of(caught) == (
        f"'{name}' is a family of 20; name one of them, such as ho2024/01 (`bayes-scaling models` lists them all)"
    )


def test_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "missing.toml"
    with pytest.raises(SpecificationError) as caught:
        load_specification(path)
    assert message_of(caught) == f"{path}: no such file"


def test_a_name_of_the_catalogue_with_its_files_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecificationError) as caught:
        load_specification("ho2024/07.toml")
    assert message_of(caught) == "ho2024/07.toml: no such file; did you mean ho2024/07, a name in the catalogue?"


@pytest.mark.parametrize("name", ["folder", "folder.toml", "."])
def test_a_directory(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / name).mkdir(exist_ok=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecificationError) as caught:
        load_specification(name)
    assert message_of(caught) == f"{name}: is a directory, not a .toml file"


@pytest.mark.parametrize("name", ["mine.json", "mine.txt", "mine.csv", "mine"])
def test_a_file_of_another_kind(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(SpecificationError) as caught:
        load_specification(path)
    table = f"if it is a table, type --evaluations {path}, or --runs {path} if it is of training runs"
    assert message_of(caught) == f"{path}: a specification file must end in .toml; {table}"


@pytest.mark.parametrize("given", ["mine", "mine/fit.nc"])
def test_a_fit_in_place_of_a_specification(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "fit.nc").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecificationError) as caught:
        load_specification(given)
    assert message_of(caught).endswith(f"compare the fits in Python: bs.compare_fits([bs.load_fit({given!r}), ...])")


@pytest.mark.parametrize("ending", ["", ".toml"])
def test_a_name_longer_than_the_file_system_allows(ending: str) -> None:
    name = "x" * 5000 + ending
    with pytest.raises(SpecificationError) as caught:
        load_specification(name)
    assert message_of(caught) == f"{name}: can't be read (File name too long)"


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('law = "compute"', encoding="utf-8-sig")
    assert load_specification(path).law == "compute"


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("", encoding="utf-8")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(SpecificationError) as caught:
        load_specification(path)
    assert message_of(caught) == f"{path}: can't be read (Permission denied)"
