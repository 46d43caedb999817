/// The correction for many tests at once: of a thousand queries of which none has changed, ten would seem to at p < 0.01.
enum FalseDiscoveryRate {
    /// The adjusted probabilities in the order of those given: what is below a limit then is false in no more than that share of cases
    /// (Y. Benjamini and Y. Hochberg, Journal of the Royal Statistical Society B 57, 1995).
    static func adjusted(_ probabilities: [Double]) -> [Double] {
        let count = Double(probabilities.count)
        var result = probabilities
        var least = 1.0
        let order = probabilities.indices.sorted { probabilities[$0] > probabilities[$1] }
        for (place, index) in order.enumerated() {
            least = min(least, probabilities[index] * count / (count - Double(place)))
            result[index] = least
        }
        return result
    }
}
