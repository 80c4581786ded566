package dev.tidemark.simulation;

import dev.tidemark.simulation.Statements.Result;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.math.BigDecimal;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** The JDBC interfaces of the simulated database, as far as they are used. Whatever else is called fails the simulation. */
final class Jdbc {
    /** An array parameter, with the name of its elements' type. */
    record SqlArray(String type, List<@Nullable Object> values) {}

    private Jdbc() {}

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(Jdbc.class.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private static UnsupportedOperationException unknown(Method method) {
        return new UnsupportedOperationException("not simulated: " + method);
    }

    private static @Nullable Object ofObject(Object self, Method method, @Nullable Object @Nullable [] args) {
        return switch (method.getName()) {
            case "equals" -> args != null && self == args[0];
            case "hashCode" -> System.identityHashCode(self);
            default -> "simulated " + method.getDeclaringClass().getSimpleName();
        };
    }

    static DataSource dataSource(Wire wire, SimulatedProcess client) {
        return proxy(DataSource.class, (self, method, args) -> switch (method.getName()) {
            case "getConnection" -> connection(wire.connect(client));
            case "isWrapperFor" -> false;
            default -> {
                if (method.getDeclaringClass() == Object.class) {
                    yield ofObject(self, method, args);
                }
                throw unknown(method);
            }
        });
    }

    private static Connection connection(Wire.Client client) {
        int[] networkTimeout = {0};
        boolean[] autoCommit = {true};
        return proxy(Connection.class, (self, method, args) -> switch (method.getName()) {
            case "prepareStatement" -> statement((Connection) self, client, (String) Objects.requireNonNull(args)[0]);
            case "commit" -> {
                client.commit();
                yield null;
            }
            case "rollback" -> {
                client.rollback();
                yield null;
            }
            case "setAutoCommit" -> {
                autoCommit[0] = (Boolean) Objects.requireNonNull(args)[0];
                yield null;
            }
            case "getAutoCommit" -> autoCommit[0];
            case "isClosed" -> client.isClosed();
            case "isValid" -> client.isValid();
            case "close", "abort" -> {
                client.close();
                yield null;
            }
            case "getNetworkTimeout" -> networkTimeout[0];
            case "setNetworkTimeout" -> {
                networkTimeout[0] = (Integer) Objects.requireNonNull(args)[1];
                yield null;
            }
            case "isWrapperFor" -> false;
            case "createArrayOf" ->
                array(new SqlArray((String) Objects.requireNonNull(args)[0], Arrays.asList((Object[]) args[1])));
            case "clearWarnings" -> null;
            default -> {
                if (method.getDeclaringClass() == Object.class) {
                    yield ofObject(self, method, args);
                }
                throw unknown(method);
            }
        });
    }

    private static Array array(SqlArray values) {
        return proxy(Array.class, (self, method, args) -> switch (method.getName()) {
            case "getArray" -> values;
            case "free" -> null;
            default -> {
                if (method.getDeclaringClass() == Object.class) {
                    yield ofObject(self, method, args);
                }
                throw unknown(method);
            }
        });
    }

    private static PreparedStatement statement(Connection connection, Wire.Client client, String sql) {
        return proxy(PreparedStatement.class, new SimulatedStatement(connection, client, sql));
    }

    private static final class SimulatedStatement implements InvocationHandler {
        private final Connection connection;
        private final Wire.Client client;
        private final String sql;
        private @Nullable Object[] parameters = new Object[0];
        private final List<@Nullable Object[]> batch = new ArrayList<>();
        private boolean closed;
        private Statements.@Nullable Result last;

        SimulatedStatement(Connection connection, Wire.Client client, String sql) {
            this.connection = connection;
            this.client = client;
            this.sql = sql;
        }

        @Override
        public @Nullable Object invoke(Object self, Method method, @Nullable Object @Nullable [] args)
                throws SQLException {
            String name = method.getName();
            if (name.startsWith("set") && args != null && args.length >= 2 && args[0] instanceof Integer index) {
                set(index, name.equals("setNull") ? null : args[1]);
                return null;
            }
            return switch (name) {
                case "executeQuery" -> resultSet(client.execute(sql, parameters.clone()));
                case "executeUpdate" -> client.execute(sql, parameters.clone()).count();
                case "execute" -> {
                    last = client.execute(sql, parameters.clone());
                    yield !last.columns().isEmpty();
                }
                case "getResultSet" -> resultSet(Objects.requireNonNull(last));
                case "addBatch" -> {
                    batch.add(parameters.clone());
                    yield null;
                }
                case "executeBatch" -> {
                    int[] counts = new int[batch.size()];
                    for (int i = 0; i < counts.length; i++) {
                        counts[i] = client.execute(sql, batch.get(i)).count();
                    }
                    batch.clear();
                    yield counts;
                }
                case "close" -> {
                    closed = true;
                    yield null;
                }
                case "isClosed" -> closed;
                case "getConnection" -> connection;
                case "isWrapperFor" -> false;
                default -> {
                    if (method.getDeclaringClass() == Object.class) {
                        yield ofObject(self, method, args);
                    }
                    throw unknown(method);
                }
            };
        }

        private void set(int index, @Nullable Object value) throws SQLException {
            if (index > parameters.length) {
                parameters = Arrays.copyOf(parameters, index);
            }
            parameters[index - 1] = value instanceof Array array ? array.getArray() : value;
        }
    }

    private static ResultSet resultSet(Result result) {
        return proxy(ResultSet.class, new SimulatedResult(result));
    }

    private static final class SimulatedResult implements InvocationHandler {
        private final Result result;
        private int row = -1;
        private boolean wasNull;

        SimulatedResult(Result result) {
            this.result = result;
        }

        @Override
        public @Nullable Object invoke(Object self, Method method, @Nullable Object @Nullable [] args) {
            String name = method.getName();
            if (name.startsWith("get") && args != null && args.length > 0) {
                Object value = column(Objects.requireNonNull(args[0]));
                wasNull = value == null;
                return converted(name, value);
            }
            return switch (name) {
                case "next" -> ++row < result.rows().size();
                case "wasNull" -> wasNull;
                case "close" -> null;
                case "isWrapperFor" -> false;
                default -> {
                    if (method.getDeclaringClass() == Object.class) {
                        yield ofObject(self, method, args);
                    }
                    throw unknown(method);
                }
            };
        }

        private @Nullable Object column(Object which) {
            int index = which instanceof Integer number
                    ? number - 1
                    : result.columns().indexOf(which);
            return result.rows().get(row)[index];
        }

        private static @Nullable Object converted(String getter, @Nullable Object value) {
            return switch (getter) {
                case "getInt" -> value == null ? 0 : ((Number) value).intValue();
                case "getLong" -> value == null ? 0L : ((Number) value).longValue();
                case "getDouble" -> value == null ? 0.0 : ((Number) value).doubleValue();
                case "getBoolean" -> value != null && (Boolean) value;
                case "getString" -> value == null ? null : value.toString();
                case "getObject" -> value == null || value instanceof UUID ? value : new BigDecimal(value.toString());
                case "getBytes" -> value;
                default -> throw new UnsupportedOperationException("not simulated: " + getter);
            };
        }
    }
}
