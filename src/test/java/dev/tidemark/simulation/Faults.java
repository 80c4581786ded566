package dev.tidemark.simulation;

import dev.tidemark.simulation.Database.Session;
import dev.tidemark.simulation.Rows.Offset;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Makes faults happen. */
final class Faults {
    private static final long SECOND = 1_000_000_000L;

    /** One of each class of SQLSTATE, and those that the store knows by name. */
    private static final String[] STATES = {
        "02000", "03000", "08006", "08P01", "09000", "0A000", "0B000", "0F000", "0L000", "0P000", "0Z000", "20000",
                "21000",
        "22P02", "22003", "23505", "23503", "23514", "24000", "25000", "25006", "25P03", "26000", "27000", "28000",
                "2B000",
        "2D000", "2F000", "34000", "38000", "39000", "3B000", "3D000", "3F000", "40001", "40003", "40P01", "42501",
                "42601",
        "42703", "42P01", "44000", "53100", "53200", "53300", "54000", "55000", "55006", "55P03", "57014", "57P01",
                "57P02",
        "57P03", "58000", "58030", "72000", "F0000", "HV000", "P0001", "XX000", "XX001"
    };

    private final World world;

    Faults(World world) {
        this.world = world;
    }

    private void note(String what) {
        world.scheduler.note(() -> "FAULT " + what);
    }

    private static <T> T one(List<T> of, Random random) {
        return of.get(random.nextInt(of.size()));
    }

    /** Returns whether it happened at once; what is prepared for a statement counts when that comes. */
    boolean happen(Plan.At at) {
        Random random = new Random(at.random());
        Fault fault = at.fault();
        Wire wire = world.wire;
        Broker broker = world.broker;
        switch (fault) {
            case KILL, STOP, LEAVE -> {
                return ofProcess(fault, random);
            }
            case EXPEL -> {
                List<Group.Member> members = world.group.members();
                if (members.isEmpty()) {
                    return false;
                }
                note("expelled");
                world.group.expel(one(members, random));
                return true;
            }
            case REBALANCE -> {
                note("rebalance");
                world.group.rebalance();
                return true;
            }
            case CUT, TERMINATE -> {
                List<Session> sessions = new ArrayList<>(world.database.sessions());
                sessions.removeIf(session -> session.isClosed());
                if (sessions.isEmpty()) {
                    return false;
                }
                Session session = one(sessions, random);
                note(fault + " " + session);
                world.database.end(session, fault == Fault.CUT ? "08006" : "57P01");
                return true;
            }
            case ALL_CUT -> {
                note("all connections are cut");
                world.database.restart("08006");
                return true;
            }
            case REPLY_LOST -> wire.replyLost = true;
            case COMMIT_CUT_BEFORE,
                    COMMIT_CUT_AFTER,
                    COMMIT_LATE,
                    COMMIT_NEVER,
                    COMMIT_SHUTDOWN_AFTER,
                    COMMIT_SHUTDOWN_BEFORE,
                    COMMIT_REFUSED -> {
                wire.commitFault = fault.commit();
                wire.commitRefusal = random.nextBoolean() ? "40001" : "40P01";
            }
            case STORE_REFUSED -> wire.storeRefusal = STATES[random.nextInt(STATES.length)];
            case HANDLER_REFUSED -> wire.handlerRefusal = STATES[random.nextInt(STATES.length)];
            case RESTART -> {
                note("the server is restarted");
                world.database.restart("57P01");
                wire.away = world.scheduler.now() + (long) (random.nextDouble() * 3 * SECOND);
                return true;
            }
            case DATABASE_AWAY -> {
                note("the database is away");
                world.database.restart("08006");
                wire.away = world.scheduler.now() + (long) (random.nextDouble() * 40 * SECOND);
                return true;
            }
            case FAIL_OVER, RESTORE -> {
                int lost = world.database.goBack(1 + random.nextInt(fault == Fault.FAIL_OVER ? 5 : 40));
                note(lost + " commits are lost");
                return true;
            }
            case MOVED_BACK, MOVED_FORWARD, MOVED_NOWHERE -> {
                return byHand(fault, random);
            }
            case FOREIGN_LOCK -> {
                return foreignLock(random);
            }
            case KAFKA_AWAY -> {
                note("Kafka is away");
                broker.away = world.scheduler.now() + (long) (random.nextDouble() * 15 * SECOND);
                return true;
            }
            default -> {
                return ofLog(fault, random);
            }
        }
        return false;
    }

    private boolean ofProcess(Fault fault, Random random) {
        List<SimulatedProcess> alive =
                world.alive().stream().filter(process -> !process.leaving).toList();
        if (alive.isEmpty()) {
            return false;
        }
        SimulatedProcess process = one(alive, random);
        if (fault == Fault.KILL) {
            note("kill " + process.name);
            world.kill(process);
        } else if (fault == Fault.STOP) {
            if (process.stopped) {
                return false;
            }
            note("stop " + process.name);
            process.stopped = true;
            world.scheduler.after((long) (random.nextDouble() * 30 * SECOND), () -> {
                note(process.name + " goes on");
                process.stopped = false;
            });
        } else {
            note("leave " + process.name);
            process.leaving = true;
            process.stop.run();
        }
        return true;
    }

    private boolean byHand(Fault fault, Random random) {
        List<Integer> partitions = new ArrayList<>(world.boundPartitions());
        partitions.removeIf(p -> p >= world.broker.logs.size());
        if (partitions.isEmpty()) {
            return false;
        }
        int partition = one(partitions, random);
        Broker.Log log = world.broker.logs.get(partition);
        Offset offset = world.database.offset(partition);
        if (offset == null) {
            return false;
        }
        long to = switch (fault) {
            case MOVED_BACK -> Math.max(log.start, offset.next() - 1 - random.nextInt(8));
            case MOVED_FORWARD -> Math.min(log.end, offset.next() + 1 + random.nextInt(8));
            default -> offset.next();
        };
        if (to < 0 || !world.byHand(session -> world.statements.moveByHand(session, partition, to))) {
            return false;
        }
        note("moved " + partition + " from " + offset.next() + " to " + to);
        return true;
    }

    private boolean foreignLock(Random random) {
        List<Integer> partitions = new ArrayList<>(world.boundPartitions());
        if (partitions.isEmpty()) {
            return false;
        }
        Key key = random.nextInt(4) == 0 ? Key.BINDING : Key.offset(one(partitions, random));
        if (!world.database.isUnlocked(key)) {
            return false;
        }
        Session session = world.personsSession();
        try {
            var unused = world.database.lock(session.transaction(), key, false);
        } catch (SQLException e) {
            return false;
        }
        world.database.mirror.locked(session, key);
        note("somebody locks " + key);
        world.scheduler.after((long) (random.nextDouble() * 20 * SECOND), () -> world.database.end(session, "08006"));
        return true;
    }

    private boolean ofLog(Fault fault, Random random) {
        Broker broker = world.broker;
        int partition = random.nextInt(broker.logs.size());
        Broker.Log log = broker.logs.get(partition);
        switch (fault) {
            case LEADER -> broker.elect(partition);
            case TRUNCATED -> {
                broker.truncate(partition, 1 + random.nextInt(8));
                if (random.nextBoolean()) {
                    broker.append(partition, 1 + random.nextInt(10));
                }
            }
            case RETENTION -> broker.retain(partition, log.start + random.nextInt((int) (log.end - log.start) + 1));
            case COMPACTION -> broker.compact(partition);
            case GROWTH -> {
                if (broker.logs.size() >= 6) {
                    return false;
                }
                broker.grow(broker.logs.size() + 1);
                broker.append(broker.logs.size() - 1, random.nextInt(8));
            }
            case RECREATED -> broker.recreate(1 + random.nextInt(4));
            default -> throw new IllegalArgumentException(fault.name());
        }
        note(fault + " of " + partition);
        return true;
    }

    void heal() {
        Wire wire = world.wire;
        wire.away = 0;
        wire.commitFault = null;
        wire.storeRefusal = null;
        wire.handlerRefusal = null;
        wire.replyLost = false;
        world.broker.away = 0;
    }
}
