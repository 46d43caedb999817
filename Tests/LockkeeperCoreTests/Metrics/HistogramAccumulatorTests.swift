import LockkeeperCore
import Testing

struct HistogramAccumulatorTests {
    @Test func anObservationFallsIntoTheFirstBucketWhoseBoundItDoesNotExceed() {
        var histogram = HistogramAccumulator(upperBounds: [0.1, 1, 10])
        for value in [0.1, 0.10001, 1, 5, 11, .infinity, -3] { histogram.observe(value) }
        #expect(histogram.counts == [2, 2, 1, 2])
        #expect(histogram.count == 7)
        #expect(histogram.cumulativeBuckets.map(\.count) == [2, 4, 5, 7])
        #expect(histogram.cumulativeBuckets.map(\.upperBound) == [0.1, 1, 10, .infinity])
    }

    @Test func boundsAreSortedAndThoseThatCannotBeAreLeftOut() {
        let histogram = HistogramAccumulator(upperBounds: [5, 1, .infinity, 1, .nan, 3])
        #expect(histogram.upperBounds == [1, 3, 5])
    }

    @Test func whatIsNotANumberIsNotCounted() {
        var histogram = HistogramAccumulator(upperBounds: [1])
        histogram.observe(.nan)
        #expect(histogram.count == 0)
        #expect(histogram.sum == 0)
    }

    @Test func durationsAreCountedInSeconds() {
        var histogram = HistogramAccumulator(upperBounds: [0.002, 0.003])
        histogram.observe(.microseconds(2500))
        #expect(histogram.counts == [0, 1, 0])
        #expect(histogram.sum == 0.0025)
    }

    @Test func theInfiniteBucketIsTheCount() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<100 {
            var histogram = HistogramAccumulator(
                upperBounds: (0..<5).map { _ in .random(in: 0...1, using: &generator) })
            for _ in 0..<50 { histogram.observe(Double.random(in: -1...2, using: &generator)) }
            let buckets = histogram.cumulativeBuckets
            #expect(buckets.last?.count == histogram.count)
            #expect(zip(buckets, buckets.dropFirst()).allSatisfy { $0.count <= $1.count })
        }
    }
}
