/// Welch's t-test: whether two groups of observations, of unequal sizes and variances, have different means (B. L. Welch, Biometrika 34,
/// 1947), with the effect's size.
public struct WelchTest: Sendable, Hashable {
    /// The mean, variance and size of a group of observations.
    public struct Group: Sendable, Hashable {
        public var mean: Double
        /// The sample variance (divided by n - 1).
        public var variance: Double
        public var count: Double

        public init(mean: Double, variance: Double, count: Double) {
            self.mean = mean
            self.variance = variance
            self.count = count
        }
    }

    /// Positive where the second group's mean is the greater one.
    public let t: Double
    /// By the Welch–Satterthwaite equation.
    public let degreesOfFreedom: Double
    /// Two-sided.
    public let probability: Double
    /// Hedges' g: the difference of the means in pooled standard deviations, corrected for small groups (L. V. Hedges, Journal of
    /// Educational Statistics 6, 1981).
    public let effect: Double

    /// - Returns: `nil` for groups of fewer than two observations.
    public init?(_ first: Group, _ second: Group) {
        guard first.count >= 2, second.count >= 2 else { return nil }
        let difference = second.mean - first.mean
        let (one, two) = (first.variance / first.count, second.variance / second.count)
        let variance = one + two
        guard variance > 0 else {
            // Groups without any spread differ for sure, or not at all.
            t = difference == 0 ? 0 : (difference > 0 ? .infinity : -.infinity)
            degreesOfFreedom = first.count + second.count - 2
            probability = difference == 0 ? 1 : 0
            effect = t
            return
        }
        t = difference / variance.squareRoot()
        degreesOfFreedom =
            variance * variance / (one * one / (first.count - 1) + two * two / (second.count - 1))
        probability = StudentsT.twoSided(t, degreesOfFreedom: degreesOfFreedom)
        let freedom = first.count + second.count - 2
        let pooled = ((first.count - 1) * first.variance + (second.count - 1) * second.variance) / freedom
        effect = difference / pooled.squareRoot() * (1 - 3 / (4 * freedom - 1))
    }
}
