sums.vo sums.glob sums.v.beautified sums.required_vo: sums.v 
sums.vio: sums.v 
sums.vos sums.vok sums.required_vos: sums.v 
spaces.vo spaces.glob spaces.v.beautified spaces.required_vo: spaces.v sums.vo
spaces.vio: spaces.v sums.vio
spaces.vos spaces.vok spaces.required_vos: spaces.v sums.vos
calculus.vo calculus.glob calculus.v.beautified calculus.required_vo: calculus.v sums.vo spaces.vo
calculus.vio: calculus.v sums.vio spaces.vio
calculus.vos calculus.vok calculus.required_vos: calculus.v sums.vos spaces.vos
runs.vo runs.glob runs.v.beautified runs.required_vo: runs.v sums.vo spaces.vo
runs.vio: runs.v sums.vio spaces.vio
runs.vos runs.vok runs.required_vos: runs.v sums.vos spaces.vos
hypotheses.vo hypotheses.glob hypotheses.v.beautified hypotheses.required_vo: hypotheses.v sums.vo spaces.vo runs.vo
hypotheses.vio: hypotheses.v sums.vio spaces.vio runs.vio
hypotheses.vos hypotheses.vok hypotheses.required_vos: hypotheses.v sums.vos spaces.vos runs.vos
vocabulary.vo vocabulary.glob vocabulary.v.beautified vocabulary.required_vo: vocabulary.v 
vocabulary.vio: vocabulary.v 
vocabulary.vos vocabulary.vok vocabulary.required_vos: vocabulary.v 
points.vo points.glob points.v.beautified points.required_vo: points.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo
points.vio: points.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio
points.vos points.vok points.required_vos: points.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos
taylor.vo taylor.glob taylor.v.beautified taylor.required_vo: taylor.v 
taylor.vio: taylor.v 
taylor.vos taylor.vok taylor.required_vos: taylor.v 
elementary.vo elementary.glob elementary.v.beautified elementary.required_vo: elementary.v calculus.vo
elementary.vio: elementary.v calculus.vio
elementary.vos elementary.vok elementary.required_vos: elementary.v calculus.vos
scale_invariance.vo scale_invariance.glob scale_invariance.v.beautified scale_invariance.required_vo: scale_invariance.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo points.vo
scale_invariance.vio: scale_invariance.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio points.vio
scale_invariance.vos scale_invariance.vok scale_invariance.required_vos: scale_invariance.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos points.vos
norm_growth.vo norm_growth.glob norm_growth.v.beautified norm_growth.required_vo: norm_growth.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo points.vo scale_invariance.vo
norm_growth.vio: norm_growth.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio points.vio scale_invariance.vio
norm_growth.vos norm_growth.vok norm_growth.required_vos: norm_growth.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos points.vos scale_invariance.vos
certificates.vo certificates.glob certificates.v.beautified certificates.required_vo: certificates.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo taylor.vo points.vo scale_invariance.vo norm_growth.vo
certificates.vio: certificates.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio taylor.vio points.vio scale_invariance.vio norm_growth.vio
certificates.vos certificates.vok certificates.required_vos: certificates.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos taylor.vos points.vos scale_invariance.vos norm_growth.vos
geodesics.vo geodesics.glob geodesics.v.beautified geodesics.required_vo: geodesics.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo taylor.vo points.vo scale_invariance.vo
geodesics.vio: geodesics.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio taylor.vio points.vio scale_invariance.vio
geodesics.vos geodesics.vok geodesics.required_vos: geodesics.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos taylor.vos points.vos scale_invariance.vos
smoothness.vo smoothness.glob smoothness.v.beautified smoothness.required_vo: smoothness.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo taylor.vo points.vo scale_invariance.vo norm_growth.vo geodesics.vo
smoothness.vio: smoothness.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio taylor.vio points.vio scale_invariance.vio norm_growth.vio geodesics.vio
smoothness.vos smoothness.vok smoothness.required_vos: smoothness.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos taylor.vos points.vos scale_invariance.vos norm_growth.vos geodesics.vos
circles.vo circles.glob circles.v.beautified circles.required_vo: circles.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo points.vo scale_invariance.vo geodesics.vo smoothness.vo
circles.vio: circles.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio points.vio scale_invariance.vio geodesics.vio smoothness.vio
circles.vos circles.vok circles.required_vos: circles.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos points.vos scale_invariance.vos geodesics.vos smoothness.vos
decoupling.vo decoupling.glob decoupling.v.beautified decoupling.required_vo: decoupling.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo
decoupling.vio: decoupling.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio
decoupling.vos decoupling.vok decoupling.required_vos: decoupling.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos
descent.vo descent.glob descent.v.beautified descent.required_vo: descent.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo points.vo scale_invariance.vo norm_growth.vo geodesics.vo smoothness.vo
descent.vio: descent.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio points.vio scale_invariance.vio norm_growth.vio geodesics.vio smoothness.vio
descent.vos descent.vok descent.required_vos: descent.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos points.vos scale_invariance.vos norm_growth.vos geodesics.vos smoothness.vos
lyapunov.vo lyapunov.glob lyapunov.v.beautified lyapunov.required_vo: lyapunov.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo vocabulary.vo norm_growth.vo descent.vo elementary.vo
lyapunov.vio: lyapunov.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio vocabulary.vio norm_growth.vio descent.vio elementary.vio
lyapunov.vos lyapunov.vok lyapunov.required_vos: lyapunov.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos vocabulary.vos norm_growth.vos descent.vos elementary.vos
roots.vo roots.glob roots.v.beautified roots.required_vo: roots.v calculus.vo vocabulary.vo elementary.vo
roots.vio: roots.v calculus.vio vocabulary.vio elementary.vio
roots.vos roots.vok roots.required_vos: roots.v calculus.vos vocabulary.vos elementary.vos
gd_rate.vo gd_rate.glob gd_rate.v.beautified gd_rate.required_vo: gd_rate.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo vocabulary.vo norm_growth.vo smoothness.vo descent.vo elementary.vo lyapunov.vo roots.vo
gd_rate.vio: gd_rate.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio vocabulary.vio norm_growth.vio smoothness.vio descent.vio elementary.vio lyapunov.vio roots.vio
gd_rate.vos gd_rate.vok gd_rate.required_vos: gd_rate.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos vocabulary.vos norm_growth.vos smoothness.vos descent.vos elementary.vos lyapunov.vos roots.vos
shared_budget.vo shared_budget.glob shared_budget.v.beautified shared_budget.required_vo: shared_budget.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo vocabulary.vo norm_growth.vo elementary.vo lyapunov.vo roots.vo gd_rate.vo
shared_budget.vio: shared_budget.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio vocabulary.vio norm_growth.vio elementary.vio lyapunov.vio roots.vio gd_rate.vio
shared_budget.vos shared_budget.vok shared_budget.required_vos: shared_budget.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos vocabulary.vos norm_growth.vos elementary.vos lyapunov.vos roots.vos gd_rate.vos
phases.vo phases.glob phases.v.beautified phases.required_vo: phases.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo vocabulary.vo norm_growth.vo elementary.vo lyapunov.vo roots.vo gd_rate.vo
phases.vio: phases.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio vocabulary.vio norm_growth.vio elementary.vio lyapunov.vio roots.vio gd_rate.vio
phases.vos phases.vok phases.required_vos: phases.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos vocabulary.vos norm_growth.vos elementary.vos lyapunov.vos roots.vos gd_rate.vos
continuous_phases.vo continuous_phases.glob continuous_phases.v.beautified continuous_phases.required_vo: continuous_phases.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo vocabulary.vo norm_growth.vo elementary.vo lyapunov.vo roots.vo gd_rate.vo phases.vo
continuous_phases.vio: continuous_phases.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio vocabulary.vio norm_growth.vio elementary.vio lyapunov.vio roots.vio gd_rate.vio phases.vio
continuous_phases.vos continuous_phases.vok continuous_phases.required_vos: continuous_phases.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos vocabulary.vos norm_growth.vos elementary.vos lyapunov.vos roots.vos gd_rate.vos phases.vos
single_block.vo single_block.glob single_block.v.beautified single_block.required_vo: single_block.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo vocabulary.vo points.vo scale_invariance.vo norm_growth.vo geodesics.vo smoothness.vo circles.vo descent.vo elementary.vo lyapunov.vo roots.vo gd_rate.vo phases.vo continuous_phases.vo
single_block.vio: single_block.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio vocabulary.vio points.vio scale_invariance.vio norm_growth.vio geodesics.vio smoothness.vio circles.vio descent.vio elementary.vio lyapunov.vio roots.vio gd_rate.vio phases.vio continuous_phases.vio
single_block.vos single_block.vok single_block.required_vos: single_block.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos vocabulary.vos points.vos scale_invariance.vos norm_growth.vos geodesics.vos smoothness.vos circles.vos descent.vos elementary.vos lyapunov.vos roots.vos gd_rate.vos phases.vos continuous_phases.vos
noise.vo noise.glob noise.v.beautified noise.required_vo: noise.v sums.vo calculus.vo vocabulary.vo
noise.vio: noise.v sums.vio calculus.vio vocabulary.vio
noise.vos noise.vok noise.required_vos: noise.v sums.vos calculus.vos vocabulary.vos
expectation.vo expectation.glob expectation.v.beautified expectation.required_vo: expectation.v sums.vo
expectation.vio: expectation.v sums.vio
expectation.vos expectation.vok expectation.required_vos: expectation.v sums.vos
chance.vo chance.glob chance.v.beautified chance.required_vo: chance.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo points.vo expectation.vo
chance.vio: chance.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio points.vio expectation.vio
chance.vos chance.vok chance.required_vos: chance.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos points.vos expectation.vos
turning.vo turning.glob turning.v.beautified turning.required_vo: turning.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo points.vo scale_invariance.vo noise.vo
turning.vio: turning.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio points.vio scale_invariance.vio noise.vio
turning.vos turning.vok turning.required_vos: turning.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos points.vos scale_invariance.vos noise.vos
sgd.vo sgd.glob sgd.v.beautified sgd.required_vo: sgd.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo vocabulary.vo points.vo scale_invariance.vo norm_growth.vo expectation.vo chance.vo noise.vo turning.vo
sgd.vio: sgd.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio vocabulary.vio points.vio scale_invariance.vio norm_growth.vio expectation.vio chance.vio noise.vio turning.vio
sgd.vos sgd.vok sgd.required_vos: sgd.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos vocabulary.vos points.vos scale_invariance.vos norm_growth.vos expectation.vos chance.vos noise.vos turning.vos
sgd_mean.vo sgd_mean.glob sgd_mean.v.beautified sgd_mean.required_vo: sgd_mean.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo vocabulary.vo points.vo scale_invariance.vo norm_growth.vo expectation.vo chance.vo noise.vo turning.vo sgd.vo
sgd_mean.vio: sgd_mean.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio vocabulary.vio points.vio scale_invariance.vio norm_growth.vio expectation.vio chance.vio noise.vio turning.vio sgd.vio
sgd_mean.vos sgd_mean.vok sgd_mean.required_vos: sgd_mean.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos vocabulary.vos points.vos scale_invariance.vos norm_growth.vos expectation.vos chance.vos noise.vos turning.vos sgd.vos
sgd_rate.vo sgd_rate.glob sgd_rate.v.beautified sgd_rate.required_vo: sgd_rate.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo vocabulary.vo points.vo scale_invariance.vo norm_growth.vo expectation.vo chance.vo noise.vo sgd.vo sgd_mean.vo
sgd_rate.vio: sgd_rate.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio vocabulary.vio points.vio scale_invariance.vio norm_growth.vio expectation.vio chance.vio noise.vio sgd.vio sgd_mean.vio
sgd_rate.vos sgd_rate.vok sgd_rate.required_vos: sgd_rate.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos vocabulary.vos points.vos scale_invariance.vos norm_growth.vos expectation.vos chance.vos noise.vos sgd.vos sgd_mean.vos
sampling.vo sampling.glob sampling.v.beautified sampling.required_vo: sampling.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo points.vo scale_invariance.vo norm_growth.vo expectation.vo chance.vo
sampling.vio: sampling.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio points.vio scale_invariance.vio norm_growth.vio expectation.vio chance.vio
sampling.vos sampling.vok sampling.required_vos: sampling.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos points.vos scale_invariance.vos norm_growth.vos expectation.vos chance.vos
hoeffding.vo hoeffding.glob hoeffding.v.beautified hoeffding.required_vo: hoeffding.v sums.vo calculus.vo noise.vo expectation.vo
hoeffding.vio: hoeffding.v sums.vio calculus.vio noise.vio expectation.vio
hoeffding.vos hoeffding.vok hoeffding.required_vos: hoeffding.v sums.vos calculus.vos noise.vos expectation.vos
sgd_observed.vo sgd_observed.glob sgd_observed.v.beautified sgd_observed.required_vo: sgd_observed.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo vocabulary.vo points.vo scale_invariance.vo norm_growth.vo expectation.vo chance.vo noise.vo sgd.vo sgd_mean.vo hoeffding.vo
sgd_observed.vio: sgd_observed.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio vocabulary.vio points.vio scale_invariance.vio norm_growth.vio expectation.vio chance.vio noise.vio sgd.vio sgd_mean.vio hoeffding.vio
sgd_observed.vos sgd_observed.vok sgd_observed.required_vos: sgd_observed.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos vocabulary.vos points.vos scale_invariance.vos norm_growth.vos expectation.vos chance.vos noise.vos sgd.vos sgd_mean.vos hoeffding.vos
optimizers.vo optimizers.glob optimizers.v.beautified optimizers.required_vo: optimizers.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo points.vo
optimizers.vio: optimizers.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio points.vio
optimizers.vos optimizers.vok optimizers.required_vos: optimizers.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos points.vos
momentum.vo momentum.glob momentum.v.beautified momentum.required_vo: momentum.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo points.vo scale_invariance.vo optimizers.vo
momentum.vio: momentum.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio points.vio scale_invariance.vio optimizers.vio
momentum.vos momentum.vok momentum.required_vos: momentum.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos points.vos scale_invariance.vos optimizers.vos
decay.vo decay.glob decay.v.beautified decay.required_vo: decay.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo points.vo scale_invariance.vo optimizers.vo momentum.vo
decay.vio: decay.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio points.vio scale_invariance.vio optimizers.vio momentum.vio
decay.vos decay.vok decay.required_vos: decay.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos points.vos scale_invariance.vos optimizers.vos momentum.vos
moments.vo moments.glob moments.v.beautified moments.required_vo: moments.v calculus.vo
moments.vio: moments.v calculus.vio
moments.vos moments.vok moments.required_vos: moments.v calculus.vos
equilibrium.vo equilibrium.glob equilibrium.v.beautified equilibrium.required_vo: equilibrium.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo points.vo scale_invariance.vo optimizers.vo momentum.vo moments.vo
equilibrium.vio: equilibrium.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio points.vio scale_invariance.vio optimizers.vio momentum.vio moments.vio
equilibrium.vos equilibrium.vok equilibrium.required_vos: equilibrium.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos points.vos scale_invariance.vos optimizers.vos momentum.vos moments.vos
rayleigh.vo rayleigh.glob rayleigh.v.beautified rayleigh.required_vo: rayleigh.v sums.vo spaces.vo calculus.vo optimizers.vo
rayleigh.vio: rayleigh.v sums.vio spaces.vio calculus.vio optimizers.vio
rayleigh.vos rayleigh.vok rayleigh.required_vos: rayleigh.v sums.vos spaces.vos calculus.vos optimizers.vos
instances.vo instances.glob instances.v.beautified instances.required_vo: instances.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo points.vo scale_invariance.vo optimizers.vo momentum.vo rayleigh.vo
instances.vio: instances.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio points.vio scale_invariance.vio optimizers.vio momentum.vio rayleigh.vio
instances.vos instances.vok instances.required_vos: instances.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos points.vos scale_invariance.vos optimizers.vos momentum.vos rayleigh.vos
numbers.vo numbers.glob numbers.v.beautified numbers.required_vo: numbers.v sums.vo spaces.vo calculus.vo runs.vo hypotheses.vo vocabulary.vo lyapunov.vo gd_rate.vo
numbers.vio: numbers.v sums.vio spaces.vio calculus.vio runs.vio hypotheses.vio vocabulary.vio lyapunov.vio gd_rate.vio
numbers.vos numbers.vok numbers.required_vos: numbers.v sums.vos spaces.vos calculus.vos runs.vos hypotheses.vos vocabulary.vos lyapunov.vos gd_rate.vos
bridge.vo bridge.glob bridge.v.beautified bridge.required_vo: bridge.v spaces.vo runs.vo hypotheses.vo expectation.vo chance.vo
bridge.vio: bridge.v spaces.vio runs.vio hypotheses.vio expectation.vio chance.vio
bridge.vos bridge.vok bridge.required_vos: bridge.v spaces.vos runs.vos hypotheses.vos expectation.vos chance.vos
