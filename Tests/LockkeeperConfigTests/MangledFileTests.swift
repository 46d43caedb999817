import Foundation
import Testing

@testable import LockkeeperConfig

/// The same numbers on each run (SplitMix64).
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

@Suite struct MangledFileTests {
    @Test(arguments: 0..<400 as Range<UInt64>)
    func `A file that was mangled is read or refused with a place for each error, never worse`(seed: UInt64) throws {
        var generator = SeededGenerator(state: seed)
        let fixture = try ConfigurationFixture()
        var text = Array(ConfigurationFixture.texts[Int(seed % 2)].unicodeScalars)
        let pieces: [Unicode.Scalar] = [
            "{", "}", "[", "]", ":", "-", "\n", " ", "'", "\"", "&", "*", "$", "|", "#", "é", "!",
        ]
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0..<text.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: text.removeSubrange(place..<min(text.count, place + Int.random(in: 1...40, using: &generator)))
            case 1: text.insert(pieces.randomElement(using: &generator) ?? " ", at: place)
            case 2: text[place] = pieces.randomElement(using: &generator) ?? " "
            default: text.insert(contentsOf: text[place..<min(text.count, place + 30)], at: place)
            }
        }
        var mangled = String.UnicodeScalarView()
        mangled.append(contentsOf: text)
        do {
            _ = try fixture.load(String(mangled))
        } catch let error as ConfigurationProblems {
            #expect(!error.errors.isEmpty)
            for problem in error.errors { #expect(problem.line != nil || problem.path.isEmpty, "\(problem)") }
        }
    }

    @Test func `A file nested without end is refused`() throws {
        let fixture = try ConfigurationFixture()
        for text in [String(repeating: "[", count: 200_000), String(repeating: "- ", count: 200_000)] {
            #expect(try fixture.problems(text).count == 1)
        }
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `A file of tests that was mangled is read or refused with a place for each error, never worse`(
        seed: UInt64
    ) throws {
        var generator = SeededGenerator(state: seed)
        let shipped = try String(contentsOfFile: "\(repository)/alerts/tests/targets.yml", encoding: .utf8)
        var text = Array(shipped.replacing("../", with: "\(repository)/alerts/").unicodeScalars)
        let pieces: [Unicode.Scalar] = ["{", "}", "[", "]", ":", "-", "\n", " ", "'", "\"", "x", "_", "+", "9", "é"]
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let place = Int.random(in: 0..<text.count, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: text.removeSubrange(place..<min(text.count, place + Int.random(in: 1...40, using: &generator)))
            case 1: text.insert(pieces.randomElement(using: &generator) ?? " ", at: place)
            default: text[place] = pieces.randomElement(using: &generator) ?? " "
            }
        }
        var mangled = String.UnicodeScalarView()
        mangled.append(contentsOf: text)
        do {
            _ = try RuleTestFileReader.read(String(mangled), path: "test.yml")
        } catch {
            #expect(!error.errors.isEmpty)
            for problem in error.errors { #expect(problem.line != nil || problem.path.isEmpty, "\(problem)") }
        }
    }
}
