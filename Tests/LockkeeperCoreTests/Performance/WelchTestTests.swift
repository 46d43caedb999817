import LockkeeperCore
import Testing

@testable import LockkeeperCore

@Suite("Welch's test")
struct WelchTestTests {
    /// Values of `2 * scipy.stats.t.sf(abs(t), df)` of SciPy.
    static let probabilities: [(t: Double, freedom: Double, expected: Double)] = [
        (0, 5, 1), (1, 1, 0.5), (2.5, 2.7, 0.09707941444293468), (-2.228, 10, 0.05001177181711132),
        (12.7062, 1, 0.0500000185607104), (30, 2.3, 0.0004928958554441941), (5, 40, 1.1840065669659511e-05),
        (1.96, 1e6, 0.04999606758526985), (80, 3, 4.304835379655698e-06), (0.001, 0.5, 0.9994606476684875),
        (45, 19.5, 3.571553204379211e-21),
    ]

    @Test("agrees with SciPy about the t-distribution", arguments: probabilities)
    func distribution(t: Double, freedom: Double, expected: Double) {
        let found = StudentsT.twoSided(t, degreesOfFreedom: freedom)
        #expect(abs(found - expected) <= 1e-9 * expected, "\(found)")
    }

    @Test(
        "agrees with SciPy about the incomplete beta function",
        arguments: [
            (0.3, 2, 5, 0.5798250000000003), (0.9, 0.5, 0.5, 0.7951672353008665), (0.999, 10, 0.5, 0.8888967091248604),
            (1e-08, 1.35, 0.5, 7.028333789419677e-12),
        ])
    func beta(x: Double, a: Double, b: Double, expected: Double) {
        #expect(abs(StudentsT.regularizedBeta(x, a, b) - expected) <= 1e-9 * expected)
    }

    @Test("agrees with SciPy about groups of unequal sizes and variances")
    func groups() throws {
        let equal = try #require(
            WelchTest(
                .init(mean: 20.82, variance: 7.867428571428571, count: 15),
                .init(mean: 23.626666666666665, variance: 6.546380952380955, count: 15)))
        #expect(abs(equal.t - 2.8631696181530337) < 1e-9)
        #expect(abs(equal.degreesOfFreedom - 27.766759168205894) < 1e-9)
        #expect(abs(equal.probability - 0.00789260919363531) < 1e-9)
        #expect(abs(equal.effect - 1.0172254610762397) < 1e-9)
        let unequal = try #require(
            WelchTest(
                .init(mean: 1, variance: 0.01, count: 3),
                .init(mean: 4.828571428571428, variance: 0.639047619047619, count: 7)))
        #expect(abs(unequal.t - 12.446059028234274) < 1e-6)
        #expect(abs(unequal.degreesOfFreedom - 6.420472224081074) < 1e-6)
        #expect(abs(unequal.probability - 9.845817982612832e-06) < 1e-12)
    }

    @Test("says nothing about a single observation, and is sure of groups without spread")
    func edges() throws {
        #expect(WelchTest(.init(mean: 1, variance: 0, count: 1), .init(mean: 2, variance: 1, count: 9)) == nil)
        let same = try #require(
            WelchTest(.init(mean: 1, variance: 0, count: 3), .init(mean: 1, variance: 0, count: 3)))
        #expect(same.probability == 1)
        let other = try #require(
            WelchTest(.init(mean: 1, variance: 0, count: 3), .init(mean: 2, variance: 0, count: 3)))
        #expect(other.probability == 0)
    }

    @Test("corrects for many tests as Benjamini and Hochberg do")
    func correction() {
        let found = FalseDiscoveryRate.adjusted([0.01, 0.04, 0.03, 0.005, 0.9])
        for (one, other) in zip(found, [0.025, 0.05, 0.05, 0.025, 0.9]) { #expect(abs(one - other) < 1e-12) }
        #expect(FalseDiscoveryRate.adjusted([]) == [])
    }
}
