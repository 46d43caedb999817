/// A regular expression as a tree.
indirect enum RegexNode: Sendable {
    enum Assertion: Sendable {
        case beginningOfText, endOfText, beginningOfLine, endOfLine, wordBoundary, noWordBoundary
    }

    case empty
    case scalar(UInt32, foldsCase: Bool)
    case set(ScalarSet)
    case any(newlineToo: Bool)
    case assertion(Assertion)
    case concatenation([RegexNode])
    case alternation([RegexNode])
    /// Without an upper bound when `maximum` is nil.
    case repetition(RegexNode, minimum: Int, maximum: Int?, isGreedy: Bool)
    /// A group that captures, counted from 1.
    case capture(RegexNode, Int)
}
