/// Runs a program over a text: all possibilities at once, one step per scalar (Pike's machine), so that the time is
/// linear in the text whatever the pattern is.
struct RegexMachine {
    private struct Threads {
        private(set) var order: [Int] = []
        private var present: [Bool]
        var captures: [[Int]]

        init(_ count: Int) {
            present = Array(repeating: false, count: count)
            captures = Array(repeating: [], count: count)
            order.reserveCapacity(count)
        }

        mutating func insert(_ instruction: Int) -> Bool {
            if present[instruction] { return false }
            present[instruction] = true
            order.append(instruction)
            return true
        }

        mutating func removeAll() {
            for instruction in order { present[instruction] = false }
            order.removeAll(keepingCapacity: true)
        }
    }

    private enum Step {
        case explore(Int)
        case restore(slot: Int, value: Int)
    }

    private let program: RegexProgram
    private let text: [UInt32]
    private var stack: [Step] = []

    init(_ program: RegexProgram, _ text: [UInt32]) {
        self.program = program
        self.text = text
    }

    /// The first match at or behind `start`, preferring as Perl does.
    ///
    /// - Parameter slots: how many capture positions are wanted, 0 when only whether it matches.
    /// - Returns: the positions, -1 where a group took no part.
    mutating func firstMatch(from start: Int, slots: Int, isAnchored: Bool) -> [Int]? {
        var current = Threads(program.instructions.count)
        var next = Threads(program.instructions.count)
        var best: [Int]?
        var position = start
        while true {
            if best == nil, position == start || !isAnchored {
                var captures = Array(repeating: -1, count: slots)
                if slots > 0 { captures[0] = position }
                follow(0, at: position, captures: &captures, in: &current)
            }
            if current.order.isEmpty { break }
            let scalar = position < text.count ? text[position] : nil
            threads: for index in current.order {
                switch program.instructions[index] {
                case .match:
                    var captures = current.captures[index]
                    if slots > 1 { captures[1] = position }
                    best = captures
                    // What comes later in the order is less preferred.
                    break threads
                case .jump, .split, .save, .assertion: break
                case let reading:
                    if let scalar, accepts(reading, scalar) {
                        follow(index + 1, at: position + 1, captures: &current.captures[index], in: &next)
                    }
                }
            }
            if position >= text.count { break }
            position += 1
            swap(&current, &next)
            next.removeAll()
            // Nothing else will be found.
            if current.order.isEmpty, best != nil || isAnchored { break }
        }
        return best
    }

    private func accepts(_ instruction: RegexProgram.Instruction, _ scalar: UInt32) -> Bool {
        switch instruction {
        case .scalar(let wanted): scalar == wanted
        case .foldedScalar(let wanted): scalar == wanted || CaseFolding.fold(scalar) == wanted
        case .set(let index): program.sets[index].contains(scalar)
        case .any(let newlineToo): newlineToo || scalar != 0x0A
        default: false
        }
    }

    /// Adds all instructions that can be reached without reading; with a stack of its own, because programs are long.
    private mutating func follow(_ start: Int, at position: Int, captures: inout [Int], in threads: inout Threads) {
        stack.removeAll(keepingCapacity: true)
        stack.append(.explore(start))
        while let step = stack.popLast() {
            switch step {
            case .restore(let slot, let value): captures[slot] = value
            case .explore(let index):
                guard threads.insert(index) else { continue }
                switch program.instructions[index] {
                case .jump(let target): stack.append(.explore(target))
                case .split(let first, let second):
                    stack.append(.explore(second))
                    stack.append(.explore(first))
                case .save(let slot):
                    if slot < captures.count {
                        stack.append(.restore(slot: slot, value: captures[slot]))
                        captures[slot] = position
                    }
                    stack.append(.explore(index + 1))
                case .assertion(let assertion):
                    if holds(assertion, at: position) { stack.append(.explore(index + 1)) }
                default:
                    threads.captures[index] = captures
                }
            }
        }
    }

    private func holds(_ assertion: RegexNode.Assertion, at position: Int) -> Bool {
        switch assertion {
        case .beginningOfText: return position == 0
        case .endOfText: return position == text.count
        case .beginningOfLine: return position == 0 || text[position - 1] == 0x0A
        case .endOfLine: return position == text.count || text[position] == 0x0A
        case .wordBoundary, .noWordBoundary:
            let before = position > 0 && ScalarSet.word.contains(text[position - 1])
            let after = position < text.count && ScalarSet.word.contains(text[position])
            return (before != after) == (assertion == .wordBoundary)
        }
    }
}
