import "@/i18n/work";
import { useQuery } from "@tanstack/react-query";
import {
  Download,
  FileText,
  History,
  Image,
  Link2,
  MoreHorizontal,
  Paperclip,
  RotateCcw,
  Trash2,
  Upload as UploadIcon,
  X,
} from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { refreshLists } from "@/api/cache";
import { can, isGranted, listPageQuery, nestable, useMe } from "@/api/queries";
import type { Child, Entity, Rec } from "@/api/types";
import { number, relative } from "@/lib/format";
import { fileSize } from "@/lib/size";
import { deleteRecord } from "@/records/edit";
import { explain } from "@/records/errors";
import { Button, buttonClass, cx, DropMenu, Notice, notify, Skeleton } from "@/ui";
import { contentOf, pictureOf, shareLink } from "./files";
import { forget, send, type Upload, uploads } from "./upload";
import { Versions } from "./Versions";

const MOST = 100;

/** The files of a record: dropped or chosen, each with its versions. */
export default function Documents({
  parent,
  record,
  child,
  target,
}: {
  parent: Entity;
  record: Rec;
  child: Child;
  target: Entity;
}) {
  const { t } = useTranslation();
  const me = useMe();
  const place = `${parent.plural}/${record.id}`;
  const [over, setOver] = useState(false);
  const box = useRef<HTMLInputElement>(null);
  const { data, error } = useQuery(
    listPageQuery(
      target.plural,
      {
        parent: { plural: parent.plural, id: record.id, child: child.name },
        sort: "-created_at",
        include: nestable(target.plural, ["uploader"]),
      },
      0,
      MOST,
    ),
  );
  const going = uploads.use().filter((one) => one.place === place);
  // Files are not made as other records are: the right alone says so.
  const writable = isGranted(me, target.resource, "create") && !record.deleted_at;
  const take = (files: Iterable<File>) => {
    for (const file of files)
      void send(`/${place}/documents`, place, file, explain).then((made) => {
        if (!made) return;
        refreshLists(target.plural);
        notify(t("documents.added", { name: file.name }));
      });
  };
  const id = `related-${child.name}`;
  return (
    <section
      aria-labelledby={id}
      data-related={child.name}
      onDragOver={(event) => {
        if (!writable || !event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        if (!writable) return;
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer.files);
      }}
    >
      <div className="mb-1.5 flex h-7 items-center gap-2">
        <Paperclip size={14} className="text-fg-3" aria-hidden />
        <h2 id={id} className="font-semibold">
          {child.label}
        </h2>
        {data && (
          <span className="tabular rounded-full bg-active px-1.5 text-2xs leading-[18px] text-fg-2" data-related-count>
            {number(data.data.length)}
          </span>
        )}
        {writable && (
          <Button
            variant="ghost"
            size="icon"
            className="ms-auto"
            aria-label={t("documents.add")}
            onClick={() => box.current?.click()}
          >
            <UploadIcon size={14} />
          </Button>
        )}
      </div>
      <input
        ref={box}
        type="file"
        multiple
        tabIndex={-1}
        aria-label={t("documents.add")}
        className="sr-only"
        onChange={(event) => {
          take(event.target.files ?? []);
          event.target.value = "";
        }}
      />
      {going.length > 0 && (
        <ul className="m-0 mb-2 flex list-none flex-col gap-1.5 p-0">
          {going.map((one) => (
            <Going key={one.key} upload={one} />
          ))}
        </ul>
      )}
      {error ? (
        <Notice>{explain(error)}</Notice>
      ) : !data ? (
        <Skeleton className="h-10 rounded-md!" />
      ) : data.data.length === 0 ? (
        <p
          className={cx(
            "rounded-md border border-dashed px-3 py-2.5 text-xs",
            over ? "border-accent bg-accent-soft text-accent-text" : "border-line-strong text-fg-3",
          )}
        >
          {t(writable ? "documents.drop" : "documents.none")}
        </p>
      ) : (
        <ul
          className={cx("m-0 list-none overflow-hidden rounded-md bg-raised p-0 shadow-card", over && "outline-2 outline-accent")}
        >
          {data.data.map((document) => (
            <Line key={document.id} target={target} document={document} place={place} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Going({ upload }: { upload: Upload }) {
  const { t } = useTranslation();
  return (
    <li className="rounded-md bg-raised px-3 py-2 text-xs shadow-card">
      <span className="flex items-center gap-2">
        <span className="min-w-0 flex-1 truncate font-medium">{upload.name}</span>
        <Button
          variant="ghost"
          size="icon"
          aria-label={`${t(upload.error ? "common.dismiss" : "common.cancel")}: ${upload.name}`}
          onClick={() => (upload.error ? forget(upload.key) : upload.cancel())}
        >
          <X size={13} />
        </Button>
      </span>
      {upload.error ? (
        <span role="alert" className="text-danger-text">
          {upload.error}
        </span>
      ) : (
        <span
          role="progressbar"
          aria-label={t("documents.sending", { name: upload.name })}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(upload.share * 100)}
          className="mt-1 block h-1.5 overflow-hidden rounded-full bg-active"
        >
          <span className="block h-full rounded-full bg-accent transition-[width]" style={{ width: `${upload.share * 100}%` }} />
        </span>
      )}
    </li>
  );
}

function Line({ target, document, place }: { target: Entity; document: Rec; place: string }) {
  const { t } = useTranslation();
  const box = useRef<HTMLInputElement>(null);
  const name = String(document.file_name ?? document.title ?? "");
  const picture = String(document.mime_type ?? "").startsWith("image/");
  const uploader = (document.uploader as { full_name?: string } | null | undefined)?.full_name;
  const version = Number(document.revision ?? 1);
  const [asked, setAsked] = useState(false);
  const get = () => location.assign(contentOf(document.id));
  const replace = (file: File | undefined) => {
    if (!file) return;
    void send(`/${target.plural}/${document.id}/versions`, place, file, explain).then((made) => {
      if (!made) return;
      refreshLists(target.plural);
      notify(t("documents.replaced", { name }));
    });
  };
  return (
    <li className="flex min-h-11 items-center gap-2.5 border-b border-line/80 ps-3 pe-1.5 last:border-b-0 hover:bg-hover">
      {document.has_thumbnail ? (
        <img src={pictureOf(document)} alt="" loading="lazy" className="size-7 shrink-0 rounded-sm border object-cover" />
      ) : picture ? (
        <Image size={15} className="shrink-0 text-fg-3" aria-hidden />
      ) : (
        <FileText size={15} className="shrink-0 text-fg-3" aria-hidden />
      )}
      <a href={contentOf(document.id)} download={name} className="min-w-0 flex-1 py-2 underline-offset-3 hover:underline">
        <span className="block truncate font-medium">{name}</span>
        <span className="block truncate text-xs text-fg-2">
          {[
            fileSize(Number(document.file_size ?? 0)),
            version > 1 && t("documents.version", { version: number(version) }),
            uploader,
            relative(document.created_at),
          ]
            .filter(Boolean)
            .join(" · ")}
        </span>
      </a>
      <DropMenu
        align="end"
        trigger={
          <button type="button" aria-label={t("documents.more", { name })} className={buttonClass("ghost", "icon")}>
            <MoreHorizontal size={15} aria-hidden />
          </button>
        }
        items={[
          { label: t("common.download"), icon: <Download size={14} />, onSelect: get },
          ...(version > 1
            ? [{ label: t("documents.versions"), icon: <History size={14} />, onSelect: () => setAsked(true) }]
            : []),
          ...(can(target, "export")
            ? [{ label: t("documents.link"), icon: <Link2 size={14} />, onSelect: () => void shareLink(document) }]
            : []),
          ...(can(target, "update")
            ? [{ label: t("documents.replace"), icon: <RotateCcw size={14} />, onSelect: () => box.current?.click() }]
            : []),
          ...(can(target, "delete")
            ? ([
                "separator",
                {
                  label: t("common.delete"),
                  icon: <Trash2 size={14} />,
                  danger: true,
                  onSelect: () => void deleteRecord(target, document),
                },
              ] as const)
            : []),
        ]}
      />
      <input
        ref={box}
        type="file"
        tabIndex={-1}
        aria-label={t("documents.replaceOf", { name })}
        className="sr-only"
        onChange={(event) => {
          replace(event.target.files?.[0]);
          event.target.value = "";
        }}
      />
      {asked && <Versions document={document} name={name} onClose={() => setAsked(false)} />}
    </li>
  );
}
