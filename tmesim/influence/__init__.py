"""What an answer hangs on: groups of rules and numbers, then numbers, then the share that rests on assumed ones.

The outcomes are the logarithm of the reference's endpoint on the last day, and the logarithm of the ratio of a treated
arm over it, in a tissue small enough for hundreds of jobs. All points share the seeds of their replicates.

1. *Groups.* Some fifty groups, of which each number that can matter is in just one: the mechanisms (groups of rules)
   and groups of numbers of no rule. A factor from 1/2 to 2 makes each as strong or large (`strength`), along
   trajectories on which one group moves at a step (Morris 1991 Technometrics 33:161, doi:10.2307/1269043; mean size mu*
   as in Campolongo, Cariboni & Saltelli 2007 Environ Model Softw 22:1509, doi:10.1016/j.envsoft.2006.10.004, both as
   recalled). Two replicates of each step tell what chance gives; a group matters whose effects are larger.
2. *Numbers.* The numbers of the groups that matter from which most is expected, each alone at the low and the high end
   of its plausible range (half and twice where its entry has none), as differences from the model as it is.
3. *Shares.* The numbers that do most, together over their ranges: even on the scale of the logarithm, or on a plain one
   where the range begins at 0, and independent of each other. A Gaussian process stands for the simulation; its error
   at points that it was not shown is told. Sobol' indices are computed on it (Saltelli et al. 2010 Comput Phys Commun
   181:259, doi:10.1016/j.cpc.2009.09.018, as recalled), for each number and for two sets: those whose value is cited,
   and those that are assumed (near a measurement or not). With V = Var f over the numbers, x_A the assumed ones:

| index         | what it is                     | what it says                                                       |
|---------------|--------------------------------|--------------------------------------------------------------------|
| closed, S_A   | Var E(f given x_A) / V         | what would go if the assumed ones alone were known                 |
| total, T_A    | E Var(f given the others) / V  | what would stay if all others were known                           |
| T_A − S_A     | 1 − S_A − S_others             | what assumed and cited numbers do together, in no sum of the two   |

The variance of one simulated tissue has two parts more: what numbers do that the emulator does not see, and chance.
Numbers of the other groups, and of the start, are held; how much of what numbers do one by one is of those that were
varied together is told beside it.
"""
