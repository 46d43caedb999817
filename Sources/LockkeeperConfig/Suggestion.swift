/// Finds what somebody probably meant by a word that is not known.
enum Suggestion {
    /// The candidate nearest to `word` by edit distance, if it is near enough to be worth saying; the earlier one of equals.
    ///
    /// Case, `-` and `_` don't count, so `externalUrl` is `external_url`. A third of the letters may differ, at least one.
    static func nearest(to word: String, in candidates: some Sequence<String>) -> String? {
        let folded = fold(word)
        guard !folded.isEmpty else { return nil }
        var best: (candidate: String, distance: Int, lengths: Int)?
        for candidate in candidates {
            let other = fold(candidate)
            let distance = distance(folded, other)
            guard distance <= max(1, min(folded.count, other.count) / 3) else { continue }
            let lengths = abs(folded.count - other.count)
            if let best, (best.distance, best.lengths) <= (distance, lengths) { continue }
            best = (candidate, distance, lengths)
        }
        // One letter of one says nothing.
        guard let best, best.distance < folded.count else { return nil }
        return best.candidate
    }

    /// "Did you mean `x`?" or, where nothing is near, the choices when they are few enough to be read.
    static func hint(for word: String, in candidates: [String]) -> String? {
        if let nearest = nearest(to: word, in: candidates) { return "Did you mean `\(nearest)`?" }
        guard !candidates.isEmpty, candidates.count <= 20 else { return nil }
        return "Known: " + candidates.map { "`\($0)`" }.joined(separator: ", ")
    }

    /// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours count one each.
    static func distance(_ left: [Character], _ right: [Character]) -> Int {
        if left.isEmpty || right.isEmpty { return max(left.count, right.count) }
        var twoAbove = [Int](repeating: 0, count: right.count + 1)
        var above = Array(0...right.count)
        for row in 1...left.count {
            var current = [row] + [Int](repeating: 0, count: right.count)
            for column in 1...right.count {
                let substitution = above[column - 1] + (left[row - 1] == right[column - 1] ? 0 : 1)
                current[column] = min(substitution, above[column] + 1, current[column - 1] + 1)
                if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                    current[column] = min(current[column], twoAbove[column - 2] + 1)
                }
            }
            (twoAbove, above) = (above, current)
        }
        return above[right.count]
    }

    private static func fold(_ word: String) -> [Character] {
        word.lowercased().filter { $0 != "_" && $0 != "-" }.map { $0 }
    }
}
