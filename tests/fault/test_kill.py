"""kill -9 of hookstream under load."""

import random
import signal
import time


def test_kill_9_at_random_instants(stage, kafka, redis, rounds, seed):
    """What was answered 2xx is in Kafka and in Redis whenever it is killed; Redis has nothing
    twice, Kafka only what was past the saved cursor; retries of the sender are no copies."""
    chance = random.Random(seed)
    it = stage(kafka=kafka, redis=redis)
    it.start()
    for number in range(rounds):
        with it.load(rate=600) as load:
            load.wait_for_answers(chance.randrange(1, 100))
            time.sleep(chance.uniform(0, 0.1))  # the instant is what is tried, nothing is awaited
            it.kill()
        it.one.start()
        it.settle()
        if number % 50 == 49:
            it.judge(kills=it.kills)
    it.judge(kills=it.kills)


def test_kill_9_while_it_starts(stage, kafka, redis, rounds, seed):
    """Killed again and again while it still recovers, with work left from before: nothing is
    lost, and nothing comes twice but as after any kill."""
    chance = random.Random(seed)
    it = stage(kafka=kafka, redis=redis)
    it.start()
    with it.load(rate=800) as load:
        load.wait_for_answers(300)
        it.kill()
    for _ in range(rounds):
        it.one.start(ready=False)
        time.sleep(chance.uniform(0, 0.15))  # as above
        it.kill()
    it.one.start()
    it.settle()
    it.judge(kills=it.kills)


def test_kill_9_while_the_brokers_stand_still(stage, kafka, redis_server, services):
    """Killed with work that neither broker has confirmed, three times: what was answered 2xx is
    in the journal, and when the brokers go on each is there, in order, in Redis once."""
    server = redis_server()
    it = stage(kafka=kafka, redis=server)
    it.start()
    for _ in range(3):
        with it.load() as load:
            load.wait_for_answers(50)
            services("pause", "kafka")
            server.process.send_signal(signal.SIGSTOP)
            load.wait_for_answers(300)  # longer than the cursors' interval of saving
            it.kill()
        services("resume", "kafka")
        server.process.send_signal(signal.SIGCONT)
        it.one.start()
    it.settle()
    it.judge(kills=it.kills)
