package pilotline.interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.eclipse.paho.client.mqttv3.MqttMessage;
import org.eclipse.tahu.host.CommandPublisher;
import org.eclipse.tahu.host.HostApplication;
import org.eclipse.tahu.host.TahuHostCallback;
import org.eclipse.tahu.host.api.MultiHostApplicationEventHandler;
import org.eclipse.tahu.host.seq.SequenceReorderManager;
import org.eclipse.tahu.message.SparkplugBPayloadDecoder;
import org.eclipse.tahu.message.SparkplugBPayloadEncoder;
import org.eclipse.tahu.message.model.DeviceDescriptor;
import org.eclipse.tahu.message.model.EdgeNodeDescriptor;
import org.eclipse.tahu.message.model.Message;
import org.eclipse.tahu.message.model.MessageType;
import org.eclipse.tahu.message.model.Metric;
import org.eclipse.tahu.message.model.Metric.MetricBuilder;
import org.eclipse.tahu.message.model.MetricDataType;
import org.eclipse.tahu.message.model.SparkplugBPayload;
import org.eclipse.tahu.message.model.SparkplugBPayload.SparkplugBPayloadBuilder;
import org.eclipse.tahu.message.model.SparkplugDescriptor;
import org.eclipse.tahu.message.model.SparkplugMeta;
import org.eclipse.tahu.message.model.Topic;
import org.eclipse.tahu.mqtt.MqttClientId;
import org.eclipse.tahu.mqtt.MqttServerName;
import org.eclipse.tahu.mqtt.MqttServerUrl;
import org.eclipse.tahu.mqtt.TahuClient;

/** Tahu's HostApplication. Arguments: broker, host id, group, options as JSON. */
final class TahuHost extends Peer implements MultiHostApplicationEventHandler {
	private static final int KEEP_ALIVE_S = 30;
	private static final MqttServerName SERVER = new MqttServerName("broker");
	private final String group;
	private final TahuClient client;
	private final HostApplication host;
	private volatile SparkplugBPayload lastSaid;
	private boolean started;
	private boolean heard;
	private boolean announced;

	public static void main(String[] args) throws Exception {
		TahuHost program = new TahuHost(args);
		program.start();
		program.serve();
	}

	private TahuHost(String[] args) throws Exception {
		JsonNode options = options(args, 3);
		String hostId = args[1];
		group = args[2];
		boolean online = options.path("online").asBoolean(true);
		CommandPublisher publisher = new CommandPublisher() {
			@Override
			public void publishCommand(Topic topic, SparkplugBPayload payload) throws Exception {
				command(topic, payload);
			}

			@Override
			public void publishCommand(MqttServerName server, Topic topic, SparkplugBPayload payload) throws Exception {
				command(topic, payload);
			}
		};
		SparkplugBPayloadDecoder decoder = new SparkplugBPayloadDecoder();
		SequenceReorderManager order = SequenceReorderManager.getInstance();
		order.init(this, publisher, decoder, options.path("reorderTimeoutMs").asLong(5000));
		String stateTopic = SparkplugMeta.SPARKPLUG_TOPIC_HOST_STATE_PREFIX + "/" + hostId;
		TahuHostCallback callback = new TahuHostCallback(this, publisher, order, decoder, hostId, online) {
			@Override
			public void messageArrived(MqttServerName server, MqttServerUrl url, MqttClientId id, String topic,
					MqttMessage message) {
				super.messageArrived(server, url, id, topic, message);
				if (topic.equals(stateTopic)) ready(false, true);
			}
		};
		String clientId = Objects.requireNonNullElse(text(options, "clientId"), "tahu-" + hostId);
		// As HostApplication makes it from a MqttServerDefinition, but known here, to send commands with types.
		client = new TahuClient(new MqttClientId(clientId, false), SERVER, new MqttServerUrl(pahoUrl(args[0])),
				text(options, "username"), text(options, "password"), true, KEEP_ALIVE_S, callback, null, online, true,
				stateTopic, null, true, stateTopic, null, 1, true);
		String filter = SparkplugMeta.SPARKPLUG_B_TOPIC_PREFIX + "/" + group + "/#";
		host = new HostApplication(this, hostId, List.of(filter), callback, Map.of(SERVER, client), null);
	}

	private void start() {
		host.start(true);
		ready(true, false);
	}

	/** Its own STATE comes back when the subscriptions that were made before are in force. */
	private synchronized void ready(boolean nowStarted, boolean stateHeard) {
		started |= nowStarted;
		heard |= stateHeard;
		if (!started || !heard || announced) return;
		announced = true;
		emit(event("ready"));
	}

	@Override
	void obey(String command, JsonNode arguments) throws Exception {
		switch (command) {
			case "rebirth" -> send(arguments, List.of(
					new MetricBuilder(SparkplugMeta.METRIC_NODE_REBIRTH, MetricDataType.Boolean, true).createMetric()));
			case "command" -> send(arguments, MetricReader.metrics(arguments.path("metrics")));
			case "state" -> host.setOnlineState(arguments.path("online").asBoolean());
			case "kill" -> Runtime.getRuntime().halt(137);
			default -> throw new IllegalArgumentException("expected a command, found " + command);
		}
	}

	/** Tahu sends commands without data types; `typed` sends what the same encoder makes with them. */
	private void send(JsonNode arguments, List<Metric> metrics) throws Exception {
		EdgeNodeDescriptor node = new EdgeNodeDescriptor(group, arguments.path("edge").asText());
		String device = text(arguments, "device");
		String prefix = SparkplugMeta.SPARKPLUG_B_TOPIC_PREFIX;
		Topic topic = device == null ? new Topic(prefix, node, MessageType.NCMD)
				: new Topic(prefix, new DeviceDescriptor(node, device), MessageType.DCMD);
		SparkplugBPayload payload =
				new SparkplugBPayloadBuilder().setTimestamp(new Date()).addMetrics(metrics).createPayload();
		if (arguments.path("typed").asBoolean()) {
			client.publish(topic.toString(), new SparkplugBPayloadEncoder().getBytes(payload, false), 0, false);
			emit(event("sent").put("topic", topic.toString()).put("typed", true));
		} else {
			command(topic, payload);
		}
	}

	/** Also where Tahu asks for a rebirth of its own accord. */
	private void command(Topic topic, SparkplugBPayload payload) throws Exception {
		host.publishCommand(topic, payload);
		emit(event("sent").put("topic", topic.toString()).put("typed", false));
	}

	@Override
	void close() {
		host.shutdown();
	}

	private static ObjectNode about(ObjectNode event, SparkplugDescriptor of) {
		event.put("group", of.getGroupId()).put("edge", of.getEdgeNodeId());
		return event.put("device", of.isDeviceDescriptor() ? of.getDeviceId() : null);
	}

	private static void metric(String verb, SparkplugDescriptor of, Metric metric) {
		ObjectNode event = about(event("metric").put("message", (of.isDeviceDescriptor() ? "D" : "N") + verb), of);
		emit(event.setAll(MetricWriter.metric(metric)));
	}

	private static void message(String name, SparkplugDescriptor of, Message message) {
		SparkplugBPayload payload = message.getPayload();
		ObjectNode event = about(event(name).put("message", message.getTopic().getType().toString()), of);
		event.put("seq", payload.getSeq()).put("metrics", payload.getMetrics().size());
		emit(event.put("timestamp",
				payload.getTimestamp() == null ? null : Long.toString(payload.getTimestamp().getTime())));
	}

	private static void complete(String message, SparkplugDescriptor of) {
		emit(about(event("complete").put("message", message), of));
	}

	@Override
	public synchronized void onConnect(MqttServerName server) {
		heard = false;
		announced = false;
		emit(event("connected"));
	}

	@Override
	public void onDisconnect(MqttServerName server) {
		emit(event("disconnected"));
	}

	@Override
	public void onMessage(MqttServerName server, SparkplugDescriptor of, Message message) {
		lastSaid = message.getPayload();
		if (message.getTopic().getType().isDeath()) message("death", of, message);
		else message("message", of, message);
	}

	@Override
	public void onBirthMetric(MqttServerName server, SparkplugDescriptor of, Metric metric) {
		metric("BIRTH", of, metric);
	}

	@Override
	public void onDataMetric(MqttServerName server, SparkplugDescriptor of, Metric metric) {
		metric("DATA", of, metric);
	}

	@Override
	public void onStale(MqttServerName server, SparkplugDescriptor of, Metric metric) {
		emit(about(event("stale").put("name", metric.getName()), of));
	}

	@Override
	public void onNodeBirthArrived(MqttServerName server, EdgeNodeDescriptor of, Message message) {
		// onMessage follows.
	}

	@Override
	public void onNodeBirthComplete(MqttServerName server, EdgeNodeDescriptor of) {
		complete("NBIRTH", of);
	}

	@Override
	public void onNodeDataArrived(MqttServerName server, EdgeNodeDescriptor of, Message message) {
		// Tahu calls this before onMessage, and again where it should call onNodeDataComplete.
		if (message.getPayload() == lastSaid) complete("NDATA", of);
	}

	@Override
	public void onNodeDataComplete(MqttServerName server, EdgeNodeDescriptor of) {
		complete("NDATA", of);
	}

	@Override
	public void onNodeDeath(MqttServerName server, EdgeNodeDescriptor of, Message message) {
		// onMessage follows.
	}

	@Override
	public void onNodeDeathComplete(MqttServerName server, EdgeNodeDescriptor of) {
		complete("NDEATH", of);
	}

	@Override
	public void onDeviceBirthArrived(MqttServerName server, DeviceDescriptor of, Message message) {
		// onMessage follows.
	}

	@Override
	public void onDeviceBirthComplete(MqttServerName server, DeviceDescriptor of) {
		complete("DBIRTH", of);
	}

	@Override
	public void onDeviceDataArrived(MqttServerName server, DeviceDescriptor of, Message message) {
		// onMessage follows.
	}

	@Override
	public void onDeviceDataComplete(MqttServerName server, DeviceDescriptor of) {
		complete("DDATA", of);
	}

	@Override
	public void onDeviceDeath(MqttServerName server, DeviceDescriptor of, Message message) {
		// onMessage follows.
	}

	@Override
	public void onDeviceDeathComplete(MqttServerName server, DeviceDescriptor of) {
		complete("DDEATH", of);
	}
}
