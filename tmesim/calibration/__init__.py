"""Fit a few parameters to what is known of untreated tumors: which of their values are not ruled out, and which stay
free.

Parameters are factors on numbers of the catalogue that move together (`parameters.yaml`). A design gives them values
u in the unit cube, factor = low (high / low)^u, in as many replicates as asked, all points on the same seeds; a job
measures each target of an untreated tissue (`tmesim.targets`). For each target a Gaussian process f is fitted to the
means over replicates, whose noise is the variance of a replicate over their number. A point x is as implausible as

    I²(x) = (z − E f(x))² / (Var f(x) + chance + target + discrepancy)

(Craig et al. 1997 in Case Studies in Bayesian Statistics 3:37, doi:10.1007/978-1-4612-2290-3_2; Vernon, Goldstein &
Bower 2010 Bayesian Anal 5:619, doi:10.1214/10-BA524; for models that hang on chance Andrianakis et al. 2015 PLoS Comput
Biol 11:e1003968, as recalled):

| term        | what it is                                                                                        |
|-------------|---------------------------------------------------------------------------------------------------|
| z           | the middle of the published interval; of one that is open at an end, the nearest value within      |
| Var f       | of the emulator, widened where leaving points out shows that it is too sure                        |
| chance      | variance of the mean over replicates, pooled over the points                                       |
| target      | (a quarter of the interval)²: its ends lie two standard deviations out; 0 of one that is open      |
| discrepancy | (a tenth of z)², assumed: how far a simulation of a section may be from a tumor                    |

A target whose ends lie more than fivefold apart is told by its logarithm, and so is the way to an interval that is
further off than this is wide: a tumor that is dying would hide all others. x is ruled out where I > 3 for any target:
at least 95 % of a distribution with one peak lie within three deviations, whatever its shape (Pukelsheim 1994 Am Stat
48:88, as recalled). The next wave is simulated where nothing is ruled out. That region is often a small part of the
cube, and is reached over levels: the best tenth of some particles is kept, copied and moved at random below that level,
until the level is 3 (Au & Beck 2001 Probab Eng Mech 16:263, as recalled); tenths multiply to its volume.

The ensemble is drawn from what is not ruled out, with a density of exp(−½ Σ I²), as if the deviations of targets were
normal and independent of each other. It is narrower than what is not ruled out, and is what other answers are asked
with.

Of all points the one is proposed to the catalogue where Σ I² + Σ (4 · way from the catalogue)² is least, a range being
four standard deviations of what was known before: numbers move as far as agreement is worth it, and those that no
target sees stay where their source has them.

Targets whose interval no point reaches are given up. Of those that no point meets, alone or two together, the one with
the weakest source is. All are named, with the reason. One group of targets is held out of the fit and predicted. A
parameter whose values in the ensemble spread nearly as those of its prior is free, and keeps its prior.
"""
