// The app card on a record: whether hubapp's copy of it is in sync. Written by `manage.py hubspot_project`, which
// overwrites it. To change it, copy it under another name and say so as `entrypoint` in record-state-hsmeta.json.
import { useCallback, useEffect, useState } from 'react';
import {
  Alert,
  Button,
  type CrmContext,
  DescriptionList,
  DescriptionListItem,
  type ExtensionPointApiActions,
  Flex,
  hubspot,
  Link,
  LoadingSpinner,
  StatusTag,
  Text,
} from '@hubspot/ui-extensions';
import { ADDRESS } from './address';

interface RecordState {
  state: string;
  inSync: boolean;
  text: string;
  readAt: string | null;
  sourceText: string | null;
}

interface Answer {
  connection: { state: string; text: string };
  record: RecordState | null;
  queue: { waiting: number } | null;
  canOpenView: boolean;
  links: { open: string | null; ask: string | null; connect: string | null };
}

interface CardProps {
  context: CrmContext;
  actions: ExtensionPointApiActions<'crm.record.sidebar'>;
}

hubspot.extend<'crm.record.sidebar'>(({ context, actions }: CardProps) => <Card context={context} actions={actions} />);

const Card = ({ context, actions }: CardProps) => {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [problem, setProblem] = useState('');
  const { objectId, objectTypeId } = context.crm;

  const ask = useCallback(
    async (path: string) => {
      const response = await hubspot.fetch(`${ADDRESS}${path}`, { method: 'POST', body: { objectTypeId, objectId } });
      if (!response.ok) throw new Error(`hubapp answered ${response.status}`);
      return response.json();
    },
    [objectTypeId, objectId],
  );

  const load = useCallback(async () => {
    try {
      setAnswer(await ask('/embedded/card'));
      setProblem('');
    } catch {
      setProblem('hubapp cannot be reached, or its card is switched off.');
    }
  }, [ask]);

  const openView = async () => {
    try {
      const { uri } = await ask('/embedded/card/view');
      actions.openIframeModal({ uri, title: 'Record in hubapp', width: 900, height: 700 }, load);
    } catch {
      setProblem('The view could not be opened. Try again in a minute.');
    }
  };

  useEffect(() => {
    load();
  }, [load]);

  if (!answer) {
    return problem ? <Unreachable text={problem} again={load} /> : <LoadingSpinner label="Asking hubapp…" showLabel />;
  }
  return (
    <Flex direction="column" gap="small">
      {problem ? <Unreachable text={problem} again={load} /> : null}
      {answer.record ? <Copy record={answer.record} waiting={answer.queue?.waiting ?? 0} /> : null}
      {answer.record && answer.connection.state === 'active' ? null : <Text>{answer.connection.text}</Text>}
      <Flex direction="row" gap="small" wrap="wrap">
        {answer.canOpenView ? <Button onClick={openView}>Look closer</Button> : null}
        <Button variant="secondary" onClick={load}>
          Refresh
        </Button>
      </Flex>
      {answer.links.open ? <Link href={{ url: answer.links.open, external: true }}>Open in hubapp</Link> : null}
      {answer.links.ask ? <Link href={{ url: answer.links.ask, external: true }}>Ask for access</Link> : null}
      {answer.links.connect ? <Link href={{ url: answer.links.connect, external: true }}>Connect</Link> : null}
    </Flex>
  );
};

const Copy = ({ record, waiting }: { record: RecordState; waiting: number }) => (
  <>
    <StatusTag variant={record.inSync ? 'success' : 'warning'}>{record.inSync ? 'In sync' : 'Not in sync'}</StatusTag>
    <Text>{record.text}</Text>
    <DescriptionList direction="row">
      <DescriptionListItem label="Last read">{record.readAt ? moment(record.readAt) : 'Never'}</DescriptionListItem>
      <DescriptionListItem label="By">{record.sourceText ?? 'Unknown'}</DescriptionListItem>
      <DescriptionListItem label="Changes of the account that wait">{String(waiting)}</DescriptionListItem>
    </DescriptionList>
  </>
);

const Unreachable = ({ text, again }: { text: string; again: () => void }) => (
  <>
    <Alert title="Not now" variant="warning">
      {text}
    </Alert>
    <Button onClick={again}>Try again</Button>
  </>
);

const moment = (text: string) => new Date(text).toLocaleString();
