package dev.tidemark.proof;

import dev.tidemark.proof.check.Advance;
import dev.tidemark.proof.check.ChainCheck;
import dev.tidemark.proof.check.EffectsCheck;
import dev.tidemark.proof.check.Facts;
import dev.tidemark.proof.check.Finding;
import dev.tidemark.proof.check.KeySequenceCheck;
import dev.tidemark.proof.check.OrderCheck;
import dev.tidemark.proof.check.PositionCheck;
import dev.tidemark.proof.check.SumsCheck;
import dev.tidemark.proof.check.SumsCheck.Total;
import dev.tidemark.proof.check.ToldCheck;
import dev.tidemark.proof.check.ToldCheck.Told;
import java.util.List;
import java.util.Map;

/**
 * All that the checks of the data need, read at one time.
 *
 * @param facts effects, stretches and log
 * @param totals the table of totals; empty if there is none
 * @param advances every change of a stored offset; empty if they are not audited
 * @param ends of the log
 * @param positions the stored offsets
 * @param lags as the view has them
 * @param told what clients were told is committed
 */
public record Proof(
        Facts facts,
        Map<String, Total> totals,
        List<Advance> advances,
        Map<Integer, Long> ends,
        Map<Integer, Long> positions,
        Map<Integer, Long> lags,
        List<Told> told) {
    /** C1 to C7. */
    public List<Finding> findings() {
        return List.of(
                EffectsCheck.check(facts),
                OrderCheck.check(facts),
                KeySequenceCheck.check(facts),
                SumsCheck.check(facts, totals),
                ChainCheck.check(advances, positions),
                PositionCheck.check(ends, positions, lags),
                ToldCheck.check(told, facts));
    }
}
