package pilotline.interop;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.FileOutputStream;
import java.io.FileDescriptor;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.slf4j.LoggerFactory;

/** What both programs share: a JSON line in is a command, a JSON line out is an event, and the end comes for certain. */
abstract class Peer {
	static final ObjectMapper JSON = new ObjectMapper();
	private static final long LONGEST_LIFE_MS = 30 * 60_000;
	private static final long LONGEST_END_MS = 10_000;
	private static final PrintStream EVENTS =
			new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);

	static {
		// Tahu's own settings log everything to standard output, where only events belong.
		System.setOut(System.err);
		LoggerContext logging = (LoggerContext) LoggerFactory.getILoggerFactory();
		logging.reset();
		Complaints complaints = new Complaints();
		complaints.setContext(logging);
		complaints.start();
		Logger root = logging.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
		root.setLevel(Level.WARN);
		root.addAppender(complaints);
	}

	/** Carries one command out; what it throws becomes an error event. */
	abstract void obey(String command, JsonNode arguments) throws Exception;

	/** Leaves the broker. */
	abstract void close() throws Exception;

	/** Reads commands until standard input ends or says so. */
	final void serve() {
		haltAfter(LONGEST_LIFE_MS, 4);
		try (BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
			for (String line = input.readLine(); line != null; line = input.readLine()) {
				if (line.isBlank()) continue;
				String command = "";
				try {
					JsonNode arguments = JSON.readTree(line);
					command = arguments.path("do").asText();
					if (command.equals("exit")) break;
					obey(command, arguments);
				} catch (Exception e) {
					emit(event("error").put("do", command).put("text", e.toString()));
				}
			}
		} catch (Exception e) {
			emit(event("error").put("text", e.toString()));
		}
		haltAfter(LONGEST_END_MS, 3);
		try {
			close();
		} catch (Exception e) {
			emit(event("error").put("do", "exit").put("text", e.toString()));
		}
		emit(event("ended"));
		System.exit(0);
	}

	static ObjectNode event(String name) {
		return JSON.createObjectNode().put("event", name);
	}

	static void emit(ObjectNode event) {
		String line = event.toString();
		synchronized (EVENTS) {
			EVENTS.println(line);
			EVENTS.flush();
		}
	}

	/** Paho knows tcp and ssl where everybody else says mqtt and mqtts. */
	static String pahoUrl(String url) {
		return url.replaceFirst("^mqtt:", "tcp:").replaceFirst("^mqtts:", "ssl:");
	}

	static JsonNode options(String[] args, int index) throws Exception {
		return args.length > index ? JSON.readTree(args[index]) : JSON.createObjectNode();
	}

	static String text(JsonNode options, String name) {
		return options.hasNonNull(name) ? options.get(name).asText() : null;
	}

	private static void haltAfter(long ms, int code) {
		Thread watch = new Thread(() -> {
			try {
				Thread.sleep(ms);
			} catch (InterruptedException e) {
				return;
			}
			Runtime.getRuntime().halt(code);
		}, "watch");
		watch.setDaemon(true);
		watch.start();
	}

	/** Makes an event of every warning and error that Tahu logs. */
	private static final class Complaints extends AppenderBase<ILoggingEvent> {
		@Override
		protected void append(ILoggingEvent logged) {
			ObjectNode event = event("log").put("level", logged.getLevel().toString())
					.put("logger", logged.getLoggerName()).put("text", logged.getFormattedMessage());
			if (logged.getThrowableProxy() != null) {
				event.put("cause", logged.getThrowableProxy().getClassName() + ": "
						+ logged.getThrowableProxy().getMessage());
			}
			emit(event);
		}
	}
}
