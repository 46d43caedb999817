/// A regular expression compiled for a Thompson machine: every instruction either reads one scalar or leads on.
struct RegexProgram: Sendable {
    enum Instruction: Sendable {
        case scalar(UInt32)
        case foldedScalar(UInt32)
        case set(Int)
        case any(newlineToo: Bool)
        case assertion(RegexNode.Assertion)
        case save(Int)
        case jump(Int)
        /// Both ways, the first preferred.
        case split(Int, Int)
        case match
    }

    /// Matching costs at most this many steps per scalar.
    private static let largestProgram = 10_000

    private(set) var instructions: [Instruction] = []
    private(set) var sets: [ScalarSet] = []

    init(_ node: RegexNode) throws(RegexError) {
        try emit(node)
        try append(.match)
    }

    private mutating func append(_ instruction: Instruction) throws(RegexError) {
        guard instructions.count < Self.largestProgram else {
            throw RegexError(
                message: "the regular expression is too large when its repetitions are written out", offset: 0)
        }
        instructions.append(instruction)
    }

    private mutating func emit(_ node: RegexNode) throws(RegexError) {
        switch node {
        case .empty: break
        case .scalar(let scalar, let foldsCase): try append(foldsCase ? .foldedScalar(scalar) : .scalar(scalar))
        case .set(let set):
            sets.append(set)
            try append(.set(sets.count - 1))
        case .any(let newlineToo): try append(.any(newlineToo: newlineToo))
        case .assertion(let assertion): try append(.assertion(assertion))
        case .concatenation(let nodes):
            for node in nodes { try emit(node) }
        case .alternation(let nodes):
            try emitAlternation(nodes)
        case .capture(let inner, let number):
            try append(.save(2 * number))
            try emit(inner)
            try append(.save(2 * number + 1))
        case .repetition(let inner, let minimum, let maximum, let isGreedy):
            try emitRepetition(of: inner, minimum: minimum, maximum: maximum, isGreedy: isGreedy)
        }
    }

    private mutating func emitAlternation(_ nodes: [RegexNode]) throws(RegexError) {
        var jumps: [Int] = []
        for (index, node) in nodes.enumerated() {
            guard index + 1 < nodes.count else {
                try emit(node)
                break
            }
            let split = instructions.count
            try append(.split(split + 1, 0))
            try emit(node)
            jumps.append(instructions.count)
            try append(.jump(0))
            instructions[split] = .split(split + 1, instructions.count)
        }
        for jump in jumps { instructions[jump] = .jump(instructions.count) }
    }

    private mutating func emitRepetition(
        of node: RegexNode, minimum: Int, maximum: Int?, isGreedy: Bool
    ) throws(RegexError) {
        for _ in 0..<minimum { try emitCounted(node) }
        guard let maximum else {
            let split = instructions.count
            try append(.split(0, 0))
            try emit(node)
            try append(.jump(split))
            instructions[split] = way(split + 1, instructions.count, isGreedy)
            return
        }
        var splits: [Int] = []
        for _ in minimum..<max(minimum, maximum) {
            splits.append(instructions.count)
            try append(.split(0, 0))
            try emitCounted(node)
        }
        for split in splits { instructions[split] = way(split + 1, instructions.count, isGreedy) }
    }

    /// A repetition of nothing would be free, and nested a way to spend forever on compiling.
    private mutating func emitCounted(_ node: RegexNode) throws(RegexError) {
        let before = instructions.count
        try emit(node)
        if instructions.count == before { try append(.jump(before + 1)) }
    }

    private func way(_ into: Int, _ past: Int, _ isGreedy: Bool) -> Instruction {
        isGreedy ? .split(into, past) : .split(past, into)
    }
}
