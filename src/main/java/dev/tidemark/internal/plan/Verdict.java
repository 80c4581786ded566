package dev.tidemark.internal.plan;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.internal.plan.Evidence.Habit;
import dev.tidemark.internal.plan.Evidence.Place;
import dev.tidemark.internal.plan.Evidence.Proof;

/** Whose failure it is that a record cannot be applied. Evidence decides before the kind of the failure does. */
public enum Verdict {
    /** The record's: its policy may give it up. */
    THE_RECORDS,
    /** The job's or the environment's: nothing may be given up. */
    NOT_THE_RECORDS,
    /** Undecided: other records have to be tried first. */
    TRY_NEIGHBOURS,
    /**
     * It would be the record's, but has failed only once since others were tried, or on an old connection: it has to be tried once
     * more, on a new one.
     */
    TRY_AGAIN,
    /** It would be the record's, but failures of its kind may be transient: it has to be tried in another round, after a while. */
    TRY_LATER,
    /** Something may be missing on the server for a while, and no other record of its partition shows that it is not. */
    MAY_PASS;

    /** A handler that fails every other time does not fail on any record this often in a row. */
    private static final int OFTEN_ENOUGH = 2;

    /** This many records in a row may be given up for failures that are not conclusive by themselves, without one that succeeds. */
    public static final int MOST_WITHOUT_EVIDENCE = 3;

    /** For seconds, as a connection that was cut may take to come back. */
    private static final int ROUNDS_IF_UNSURE = 6;

    /** Instead of a number of records: they failed in the same way, none succeeded, and so none was given up. */
    public static final int FAILED_TOGETHER = Integer.MAX_VALUE;

    /**
     * Judges a failure of a record that was tried by itself.
     *
     * @param code what the failure is: {@link ErrorCode#RECORD_UNDECODABLE} is conclusive by itself, unless the facts are unsure
     * @param facts what the failure shows
     */
    public static Verdict of(ErrorCode code, SqlFacts facts, Evidence evidence) {
        Verdict verdict = judge(code, facts, evidence);
        boolean ends = verdict == THE_RECORDS || verdict == NOT_THE_RECORDS;
        return ends && facts.mayPass() && evidence.proof() != Proof.OWN ? MAY_PASS : verdict;
    }

    private static Verdict judge(ErrorCode code, SqlFacts facts, Evidence evidence) {
        if (facts.isTheJobs()) {
            return NOT_THE_RECORDS;
        }
        Verdict verdict = compared(code, facts, evidence);
        boolean inUsedPlace = verdict == NOT_THE_RECORDS && evidence.place() == Place.USED;
        if (inUsedPlace || (verdict == THE_RECORDS && !isSure(evidence))) {
            return TRY_AGAIN;
        }
        if (verdict == THE_RECORDS && evidence.place() == Place.USED_ONLY) {
            return NOT_THE_RECORDS;
        }
        boolean often = speaksForItself(code, facts) || evidence.round() >= rounds(facts, evidence.habit());
        boolean decided = verdict == THE_RECORDS || (facts.unsure() && verdict == NOT_THE_RECORDS);
        return decided && !often ? TRY_LATER : verdict;
    }

    /**
     * As {@link #of}, for a policy that halts: nothing is given up, so other records need not be tried, but a halt that the next try
     * would have made unnecessary is one too many.
     */
    public static Verdict beforeHalt(SqlFacts facts, Evidence evidence) {
        if (!isSure(evidence)) {
            return TRY_AGAIN;
        }
        return facts.unsure() && evidence.round() < rounds(facts, evidence.habit()) ? TRY_LATER : THE_RECORDS;
    }

    private static boolean isSure(Evidence evidence) {
        return evidence.inARow() >= OFTEN_ENOUGH && evidence.place() != Place.USED;
    }

    /** Whether a failure that is the record's is so only for a few records in a row, as nothing but the failure shows it. */
    public static boolean isLimited(ErrorCode code, SqlFacts facts, Evidence evidence) {
        return evidence.proof() != Proof.OWN && !speaksForItself(code, facts);
    }

    private static int rounds(SqlFacts facts, Habit habit) {
        return facts.unsure() && habit == Habit.UNKNOWN ? ROUNDS_IF_UNSURE : habit.rounds();
    }

    private static boolean speaksForItself(ErrorCode code, SqlFacts facts) {
        return (code == ErrorCode.RECORD_UNDECODABLE && !facts.unsure()) || facts.isOfTheData();
    }

    private static Verdict compared(ErrorCode code, SqlFacts facts, Evidence evidence) {
        if (evidence.proof() == Proof.OWN) {
            return THE_RECORDS;
        }
        if (evidence.neighboursAlike().isEmpty()) {
            return TRY_NEIGHBOURS;
        }
        boolean speaksForItself = speaksForItself(code, facts);
        boolean proven = evidence.proof() == Proof.OTHERS;
        boolean credible = speaksForItself
                ? proven || evidence.givenUpInARow() < FAILED_TOGETHER
                : evidence.givenUpInARow() < MOST_WITHOUT_EVIDENCE;
        if (evidence.proof() == Proof.UNTRIED) {
            return credible && speaksForItself ? THE_RECORDS : NOT_THE_RECORDS;
        }
        int alike = speaksForItself && !proven ? MOST_WITHOUT_EVIDENCE : 1;
        return credible && evidence.neighboursAlike().getAsInt() < alike ? THE_RECORDS : NOT_THE_RECORDS;
    }
}
